const night = window.matchMedia("(prefers-color-scheme: dark)");
const draw = (name) => Promise.all([...document.querySelectorAll("[data-figure]")].map((place) => {
  const figure = figures[place.dataset.figure];
  return Plotly.react(place, figure.data, {...figure.layout, template: themes[name]}, config);
})).then((drawn) => { document.documentElement.dataset.drawn = drawn.length; });
const redraw = () => draw(night.matches ? "dark" : "light");
redraw();
night.addEventListener("change", redraw);
window.addEventListener("beforeprint", () => draw("light"));
window.addEventListener("afterprint", redraw);
