{
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const slider = byId("moment");
  const loaded = new Map();
  let held = null; // the moment the slider stands at, shown on the charts while no pointer is over them

  function load(src) {
    if (!loaded.has(src)) {
      const picture = new Image();
      picture.src = src;
      loaded.set(src, picture);
    }
  }

  const charts = data.charts.map((chart) => {
    const box = byId("charts").appendChild(element("div", { class: "chart" }));
    return makeChart(box, chart, {
      onMove: (x) => charts.forEach((one) => one.setCursor(x === null ? held : x)),
      onPick: (x) => slider && show(nearest(data.moments.map((one) => one.images), x)),
    });
  });

  function show(index) {
    const moment = data.moments[index];
    slider.value = index;
    slider.setAttribute("aria-valuetext", `${moment.images.toLocaleString("en")} images shown`);
    byId("latest").src = moment.src;
    byId("shown").textContent = moment.images.toLocaleString("en");
    if (data.rebuilt.length) {
      const rebuilt = data.rebuilt[nearest(data.rebuilt.map((one) => one.images), moment.images)];
      byId("rebuilt").src = rebuilt.src;
      byId("rebuilt-shown").textContent = rebuilt.images.toLocaleString("en");
    }
    const atEnd = index === data.moments.length - 1;
    held = atEnd ? null : moment.images;
    charts.forEach((one) => one.setCursor(held));
    for (let k = index - 6; k <= index + 6; k += 1) if (data.moments[k]) load(data.moments[k].src);
    const address = atEnd ? "#" : `#at=${moment.images}`;
    try { history.replaceState(null, "", address); } catch { /* a file opened in a sandbox has no history */ }
  }

  if (slider) {
    slider.parentElement.hidden = false;
    slider.addEventListener("input", () => show(Number(slider.value)));
    document.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const index = Number(slider.value) + step;
      if (step && document.activeElement === document.body && data.moments[index]) show(index);
    });
    const asked = /^#at=(\d+)$/.exec(location.hash);
    if (asked) show(nearest(data.moments.map((one) => one.images), Number(asked[1])));
    const stride = Math.ceil(data.moments.length / 40);
    window.addEventListener("load", () => data.moments.forEach((one, k) => k % stride === 0 && load(one.src)));
  }
}
