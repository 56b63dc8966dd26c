"use strict";
// Draws the figures of a page in the colours of the site, and again when the colour scheme changes.
(() => {
  const narrow = matchMedia("(max-width: 600px)").matches;
  const coarse = matchMedia("(pointer: coarse)").matches;

  const template = () => {
    const style = getComputedStyle(document.body);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = {
      gridcolor: colour("--figure-grid"), linecolor: colour("--figure-grid"), zerolinecolor: colour("--figure-grid"),
      zerolinewidth: 1, automargin: true, title: { standoff: 8 },
    };
    return {
      layout: {
        font: { family: style.fontFamily, size: narrow ? 11 : 13, color: colour("--figure-ink") },
        paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", xaxis: axis, yaxis: axis,
        margin: { l: 10, r: 10, t: 30, b: 10 },
        legend: { orientation: "h", x: 0, y: -0.22, yanchor: "top" },
        annotationdefaults: { font: { size: narrow ? 11 : 13 } },
        dragmode: coarse ? false : "zoom",  // a finger that scrolls the page must not zoom the figure
      },
    };
  };

  const figures = [...document.querySelectorAll(".figure")].map((figure) => ({
    drawing: figure.querySelector(".drawing"),
    specification: JSON.parse(figure.querySelector("script[type='application/json']").textContent),
  }));

  const draw = () => {
    const shared = template();
    for (const { drawing, specification } of figures) {
      specification.layout.template = shared;
      Plotly.react(drawing, specification.data, specification.layout, { responsive: true, displayModeBar: false });
    }
  };

  new MutationObserver(draw).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
  draw();
})();
