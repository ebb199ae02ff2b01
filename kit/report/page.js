// The page reads without this script; it adds hover, zoom, sorting and the choice of light or dark.
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const charts = JSON.parse(document.getElementById("charts").textContent);
const drawn = [];
const style = (name) => getComputedStyle(root).getPropertyValue(name).trim();

// uPlot wants one x for all series: each gets the points of the others as gaps.
function aligned(series) {
  const xs = [...new Set(series.flatMap((one) => one.x))].sort((a, b) => a - b);
  const place = new Map(xs.map((x, index) => [x, index]));
  return [
    xs,
    ...series.map((one) => {
      const ys = new Array(xs.length).fill(undefined);
      one.x.forEach((x, index) => ys[place.get(x)] = one.y[index]);
      return ys;
    }),
  ];
}

function bands(chart) {
  return (plot) => {
    for (const band of chart.bands ?? []) {
      const top = plot.valToPos(Math.min(band.to, plot.scales.y.max), "y", true);
      const bottom = plot.valToPos(band.from, "y", true);
      plot.ctx.fillStyle = style(`--band-${band.mood}`);
      plot.ctx.fillRect(plot.bbox.left, top, plot.bbox.width, bottom - top);
    }
  };
}

function draw(chart) {
  const figure = document.getElementById(chart.id);
  const target = figure.querySelector(".live");
  const axis = {
    stroke: style("--soft"),
    grid: { stroke: style("--line") },
    ticks: { stroke: style("--line") },
  };
  const width = () => Math.max(200, target.clientWidth);
  figure.classList.add("interactive");
  const plot = new uPlot(
    {
      width: width(),
      height: 260,
      scales: {
        x: { time: false },
        y: { range: (_plot, _low, high) => [0, chart.yMax ?? (high * 1.05 || 1)] },
      },
      axes: [{ ...axis, label: "seconds since the session began", labelSize: 20 }, {
        ...axis,
        size: 56,
      }],
      series: [
        { label: "second", value: (_plot, value) => value?.toFixed(3) ?? "–" },
        ...chart.series.map((one) => ({
          label: one.label,
          stroke: style(`--c${one.color}`),
          fill: undefined,
          width: 1.6,
          spanGaps: true,
          paths: one.kind === "line" ? uPlot.paths.stepped({ align: 1 }) : () => null,
          points: one.kind === "line"
            ? { show: false }
            : { show: true, size: 4, fill: style(`--c${one.color}`) },
          value: (_plot, value) => value == null ? "–" : `${value.toFixed(2)} ${chart.unit}`,
        })),
      ],
      cursor: { drag: { x: true, y: false } },
      hooks: { drawClear: [bands(chart)] },
    },
    aligned(chart.series),
    target,
  );
  const watch = new ResizeObserver(() => plot.setSize({ width: width(), height: 260 }));
  watch.observe(target);
  drawn.push(() => (watch.disconnect(), plot.destroy()));
}

function drawAll() {
  for (const clear of drawn.splice(0)) clear();
  charts.forEach(draw);
}

function sortable(table) {
  table.querySelectorAll("th").forEach((head, column) => {
    head.dataset.sortable = "";
    head.tabIndex = 0;
    const sort = () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => row.cells[column].textContent.trim();
      const number = (text) => Number(text.replaceAll(" ", "").replace(/ ?%$/, ""));
      const body = table.tBodies[0];
      [...body.rows].sort((a, b) => {
        const [x, y] = [number(value(a)), number(value(b))];
        const order = Number.isNaN(x) || Number.isNaN(y) ? value(a).localeCompare(value(b)) : x - y;
        return down ? -order : order;
      }).forEach((row) => body.append(row));
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => event.key === "Enter" && sort());
  });
}

const button = document.getElementById("theme");
button.hidden = false;
button.addEventListener("click", () => {
  const isDark = (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  root.dataset.theme = isDark ? "light" : "dark";
  drawAll();
});
dark.addEventListener("change", drawAll);
document.querySelectorAll("table").forEach(sortable);
drawAll();
