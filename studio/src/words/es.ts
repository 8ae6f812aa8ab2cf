/** Las palabras de la página en español. */

import type { Words } from ".";

export const es: Words = {
  // shell
  "app.name": "Ganvas studio",
  "app.skip": "Ir al contenido",
  "nav.main": "Principal",
  "nav.runs": "Entrenamientos",
  "nav.train": "Nuevo",
  "nav.compare": "Comparar",
  "language.label": "Idioma",
  "theme.label": "Colores",
  "theme.auto": "Como el sistema",
  "theme.light": "Claro",
  "theme.dark": "Oscuro",
  "connection.gone": "El estudio no responde. Los entrenamientos siguen sin él; esta página seguirá cuando vuelva.",
  "connection.back": "El estudio ha vuelto.",
  "notFound.title": "No hay nada en esta dirección",
  "notFound.text": "Quizá se cambió el nombre del entrenamiento o se borró.",
  "loading": "Cargando…",

  // actions, states, words of many screens
  "action.cancel": "Cancelar",
  "action.close": "Cerrar",
  "action.pause": "Pausar",
  "action.resume": "Continuar",
  "action.stop": "Detener",
  "action.extend": "Entrenar más…",
  "action.fork": "Bifurcar desde aquí…",
  "action.delete": "Borrar…",
  "action.rename": "Cambiar nombre…",
  "action.compare": "Comparar",
  "action.watch": "Observar",
  "action.explore": "Explorar",
  "action.publish": "Publicar",
  "action.more": "Más para {name}",
  "action.retry": "Reintentar",
  "action.save": "Guardar",
  "state.queued": "en espera",
  "state.starting": "empezando",
  "state.training": "entrenando",
  "state.pausing": "pausando",
  "state.paused": "en pausa",
  "state.finished": "terminado",
  "state.failed": "fallido",
  "verdict.too early": "Demasiado pronto para decirlo",
  "verdict.improving": "Mejorando",
  "verdict.plateau": "Ya no mejora",
  "verdict.collapse": "Las imágenes se volvieron iguales",
  "verdict.divergence": "Empeorando",
  "verdict.copying": "Copia el conjunto",
  "time.seconds": { one: "{n} s", other: "{n} s" },
  "time.minutes": { one: "{n} min", other: "{n} min" },
  "time.minutesSeconds": "{minutes} min {n} s",
  "time.hours": { one: "{n} h", other: "{n} h" },
  "time.hoursMinutes": "{hours} h {n} min",
  "time.days": { one: "{n} día", other: "{n} días" },
  "time.justNow": "ahora mismo",
  "size.square": "{px} px",
  "size.both": "{width} × {height} px",
  "images": { one: "{n} imagen", other: "{n} imágenes" },
  "problem.unreachable": "El estudio no responde.",
  "problem.status": "El estudio respondió con el estado {status}.",
  "job.failed": "El trabajo falló.",
  "job.cancelled": "El trabajo se canceló.",

  // runs

  // watch

  // compare

  // play

  // first visit

  // pictures

  // train

  // publish

  // settings of a run
};
