{
  const data = JSON.parse(document.getElementById("data").textContent);
  const slider = document.getElementById("moment");
  const pictures = data.runs.map((run, k) => document.getElementById(`picture-${k}`));
  const latest = pictures.map((picture) => picture && picture.src);

  const charts = data.charts.map((chart) => {
    const box = document.getElementById("charts").appendChild(element("div", { class: "chart" }));
    return makeChart(box, chart, { onMove: (x) => charts.forEach((one) => one.setCursor(x)) });
  });

  function show(index) {
    const wanted = data.stops[index];
    document.getElementById("wanted").textContent = wanted.toLocaleString("en");
    slider.setAttribute("aria-valuetext", `${wanted.toLocaleString("en")} images shown`);
    data.runs.forEach((run, k) => {
      if (!run.moments.length) return;
      const moment = run.moments[nearest(run.moments.map((one) => one.images), wanted)];
      pictures[k].src = moment.src || latest[k]; // the last picture is in the page already
      document.getElementById(`shown-${k}`).textContent = moment.images.toLocaleString("en");
    });
  }

  if (slider) {
    slider.parentElement.hidden = false;
    slider.addEventListener("input", () => show(Number(slider.value)));
  }
  for (const choice of document.querySelectorAll("input[name=axis]")) {
    choice.addEventListener("change", () => charts.forEach((one) => one.setAxis(choice.value)));
  }
  const switches = [...document.querySelectorAll("input[name=run]")];
  const hide = () => {
    const hidden = new Set(switches.filter((one) => !one.checked).map((one) => Number(one.value)));
    charts.forEach((one) => one.setHidden(hidden));
  };
  switches.forEach((one) => one.addEventListener("change", hide));
}
