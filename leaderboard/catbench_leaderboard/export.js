// Draws each figure where it stands, when plotly's script is unpacked; in the dark it exchanges the light theme's colours.
async function draw(packed, shades) {
  const bytes = Uint8Array.from(atob(packed), (one) => one.charCodeAt(0));
  const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  document.head.append(Object.assign(document.createElement("script"), { text }));
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  for (const place of document.querySelectorAll("script[type='application/json']")) {
    let data = place.textContent;
    if (dark) for (const [light, other] of shades) data = data.replaceAll(light, other);
    const drawn = JSON.parse(data);
    Plotly.newPlot(place.previousElementSibling, drawn.data, drawn.layout, { responsive: true, displayModeBar: false });
  }
}
