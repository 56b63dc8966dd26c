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
        legend: { orientation: "h", x: 0, y: 0, yref: "container", yanchor: "bottom" },
        annotationdefaults: { font: { size: narrow ? 11 : 13 } },
        dragmode: coarse ? false : "zoom",  // a finger that scrolls the page must not zoom the figure
      },
    };
  };

  const figures = [...document.querySelectorAll(".figure")].map((figure) => ({
    drawing: figure.querySelector(".drawing"),
    specification: JSON.parse(figure.querySelector("script[type='application/json']").textContent),
  }));

  // Two figures side by side are too narrow for a phone: there the second stands below the first.
  const stacked = (layout) => {
    const { xaxis, xaxis2, yaxis, yaxis2, yaxis3 } = layout;
    const besides = xaxis2 && yaxis2 && !yaxis3 && xaxis.domain[1] < xaxis2.domain[0];
    if (!narrow || !besides) return layout;
    const [upper, lower] = [[0.58, 1], [0, 0.42]];
    const titles = layout.annotations.map((each, place) => ({ ...each, x: 0.5, y: [upper, lower][place][1] }));
    return {
      ...layout, height: 1.6 * (layout.height ?? 420), annotations: titles,
      xaxis: { ...xaxis, domain: [0, 1] }, yaxis: { ...yaxis, domain: upper },
      xaxis2: { ...xaxis2, domain: [0, 1] }, yaxis2: { ...yaxis2, domain: lower, showticklabels: true },
    };
  };

  for (const figure of figures) {
    figure.specification.layout = stacked(figure.specification.layout);
    figure.drawing.style.height = `${figure.specification.layout.height ?? 420}px`;
  }

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
