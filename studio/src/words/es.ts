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
  "action.first": "Ejecutar primero",
  "action.unqueue": "Quitar de la lista",
  "offer.stop": "Detener aquí",
  "offer.extend": "Entrenar {time} más",
  "offer.fork": "Empezar de nuevo desde {images}",
  "offer.publish": "Publicarlo",
  "offer.look": "Mirar {images}",
  "run.byTerminal": "desde la terminal",
  "run.progress": "Progreso de {name}",
  "run.left": "quedan {time}",
  "run.speed": "{n} imágenes por segundo",
  "run.pauseNamed": "Pausar {name}",
  "run.resumeNamed": "Continuar {name}",
  "run.startedFrom": "empezó desde {name} en {images} imágenes",
  "kd.none": "aún sin medir",
  "kd.meaning": "Distancia de núcleo entre sus imágenes y las tuyas: 0 es perfecto",
  "kd.between": "Tus imágenes entre sí: {floor}; referencia PCA: {pca}",
  "stop.title": "¿Detener {name}?",
  "stop.text": "Lo aprendido se conserva y el modelo se puede usar. Un entrenamiento detenido se puede prolongar después.",
  "delete.title": "¿Borrar {name}?",
  "delete.text": "Se quitan de esta máquina su modelo, sus imágenes y su película. Tus propias imágenes no se tocan.",
  "delete.confirm": "Borrar",
  "delete.done": "{name} se borró.",
  "rename.title": "Cambiar el nombre de {name}",
  "rename.label": "Nombre",
  "extend.title": "Entrenar más {name}",
  "extend.text": "Hasta ahora ha visto {images} imágenes, y sigue desde ahí.",
  "extend.amount": "Cuánto más",
  "extend.unit": "Unidad",
  "extend.positive": "Da un número mayor que 0.",
  "extend.images": { one: "Alrededor de {n} imagen más a su velocidad hasta ahora.", other: "Alrededor de {n} imágenes más a su velocidad hasta ahora." },
  "extend.time": "Unos {time} a su velocidad hasta ahora.",
  "extend.confirm": "Entrenar",
  "unit.minutes": "minutos",
  "unit.hours": "horas",
  "unit.images": "imágenes",

  // runs
  "runs.title": "Entrenamientos",
  "runs.battery": "Esta máquina usa la batería; los entrenamientos van más lentos y terminan si se suspende.",
  "runs.find": "Buscar",
  "runs.noneFound": "Ningún entrenamiento tiene «{find}» en su nombre.",
  "runs.pick": "Comparar {name}",
  "runs.picked": { one: "{n} elegido", other: "{n} elegidos" },
  "runs.slider": "Todas las imágenes en",
  "runs.newest": "lo más nuevo",
  "queue.title": "En espera",
  "queue.grip": "Mover {name}",
  "queue.help": "Las flechas arriba y abajo lo mueven; Inicio lo pone primero.",
  "queue.moved": { one: "{name} es {place} de {n}", other: "{name} es {place} de {n}" },

  // watch

  // compare

  // play

  // first visit

  // pictures

  // train

  // publish

  // settings of a run
};
