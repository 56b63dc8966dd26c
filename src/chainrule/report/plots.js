"use strict";
// Draws every figure of the page in the colours of the style sheet, and again when the colour scheme changes.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const coarse = matchMedia("(pointer: coarse)").matches;

  const template = () => {
    const axis = {
      gridcolor: colour("--grid"), linecolor: colour("--rule"), zerolinecolor: colour("--rule"),
      tickcolor: colour("--rule"), zerolinewidth: 1, automargin: true, title: { standoff: 8, font: { size: 12.5 } },
    };
    return {
      layout: {
        font: { family: colour("--sans"), size: 12.5, color: colour("--muted") },
        paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
        xaxis: axis, yaxis: axis,
        colorscale: { sequential: [[0, colour("--heat-low")], [0.5, colour("--heat-middle")], [1, colour("--heat-high")]] },
        hoverlabel: {
          bgcolor: colour("--card"), bordercolor: colour("--rule"), align: "left",
          font: { color: colour("--ink"), family: colour("--sans"), size: 12.5 },
        },
        shapedefaults: { line: { color: colour("--muted") } },
        // A finger that scrolls the page must not zoom the figure.
        dragmode: coarse ? false : "zoom",
      },
    };
  };

  const options = { responsive: true, displayModeBar: false };

  const figures = [...document.querySelectorAll("figure.plot")].map((figure) => ({
    drawing: figure.querySelector(".drawing"),
    button: figure.querySelector("button.log"),
    specification: JSON.parse(figure.querySelector("script[type='application/json']").textContent),
  }));

  const draw = () => {
    const shared = template();
    for (const { drawing, specification } of figures) {
      specification.layout.template = shared;
      Plotly.react(drawing, specification.data, specification.layout, options);
    }
  };

  for (const { drawing, button, specification } of figures) {
    button?.addEventListener("click", () => {
      const logarithmic = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(logarithmic));
      Object.assign((specification.layout.yaxis ??= {}), { type: logarithmic ? "log" : "linear", autorange: true });
      Plotly.relayout(drawing, { "yaxis.type": specification.layout.yaxis.type, "yaxis.autorange": true });
    });
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
})();
