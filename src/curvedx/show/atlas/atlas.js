"use strict";
(() => {
  // Everything on the page is there without this script; it shows one pattern at a time and lets its sliders move.
  const data = JSON.parse(document.getElementById("curves").textContent);
  const { letters, gap, finest, panels } = data;
  const value = Object.fromEntries([...letters].map((letter, index) => [letter, index]));
  const sections = [...document.querySelectorAll("main section")];
  const links = [...document.querySelectorAll("nav a")];
  const told = document.title;

  const position = (code, at) => (64 * value[code[at]] + value[code[at + 1]]) / finest;

  function path(x, y) {
    let out = "";
    let drawing = false;
    for (let at = 0; at < y.length; at += 2) {
      if (y.slice(at, at + 2) === gap) {
        drawing = false;
        continue;
      }
      out += `${drawing ? "L" : "M"}${position(x, at).toFixed(1)} ${position(y, at).toFixed(1)}`;
      drawing = true;
    }
    return out;
  }

  function redraw(section) {
    const story = data.stories[section.id];
    const inputs = [...section.querySelectorAll("input")];
    const frame = story.frames[inputs.reduce((at, input, n) => at * story.counts[n] + Number(input.value), 0)];
    const [x, y, ends, onsets, gaps, state] = frame;
    const plot = section.querySelector("svg.plot");
    plot.querySelectorAll("[data-line]").forEach((line, n) => {
      line.setAttribute("d", n < y.length ? path(data.strings[x[n]], data.strings[y[n]]) : "");
    });
    plot.querySelectorAll("[data-end]").forEach((end, n) => (end.textContent = data.strings[ends[n]]));
    const heights = panels.slice(0, ends.length / 2);
    const down = (at) => heights.map(([top, bottom]) => `M${at} ${top}V${bottom}`).join("");
    plot.querySelector(".onset").setAttribute("d", onsets.map(down).join(""));
    const top = heights[0][0] - 5;
    plot.querySelector(".gap").setAttribute("d", gaps.map(([a, b]) => `M${a} ${top}H${Math.max(b, a + 3)}`).join(""));
    const settings = inputs.map((input, n) => {
      const text = story.texts[n][Number(input.value)];
      input.setAttribute("aria-valuetext", text);
      section.querySelector(`output[for="${input.id}"]`).textContent = text;
      return `${input.labels[0].textContent}: ${text}`;
    });
    section.querySelector(".state").textContent = data.strings[state];
    plot.setAttribute("aria-label", `${section.dataset.title}. ${settings.join("; ")}. ${data.strings[state]}`);
  }

  function reset(section) {
    const story = data.stories[section.id];
    section.querySelectorAll("input").forEach((input, n) => (input.value = story.typical[n]));
    redraw(section);
    section.querySelector("svg.plot").setAttribute("aria-label", section.dataset.alt);
  }

  function show(scroll) {
    const wanted = decodeURIComponent(location.hash.slice(1));
    const shown = sections.find((section) => section.id === wanted) || sections[0];
    sections.forEach((section) => section.classList.toggle("shown", section === shown));
    links.forEach((link) => {
      const current = link.hash === `#${shown.id}`;
      link.tabIndex = current ? 0 : -1;
      if (current) {
        link.setAttribute("aria-current", "page");
        link.scrollIntoView({ block: "nearest", inline: "nearest" });
      } else link.removeAttribute("aria-current");
    });
    document.title = `${shown.dataset.title} - ${told}`;
    if (scroll) shown.scrollIntoView({ block: "start" });
  }

  function walk(event) {
    const here = links.indexOf(document.activeElement);
    const places = { ArrowDown: here + 1, ArrowRight: here + 1, ArrowUp: here - 1, ArrowLeft: here - 1,
      Home: 0, End: links.length - 1 };
    if (here < 0 || !(event.key in places) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const link = links[(places[event.key] + links.length) % links.length];
    history.replaceState(null, "", link.hash);
    show(false);
    link.focus();
  }

  document.documentElement.classList.add("js");
  for (const section of sections) {
    const controls = section.querySelector(".controls");
    if (!controls) continue;
    controls.hidden = false;
    controls.addEventListener("input", () => redraw(section));
    controls.querySelector("button").addEventListener("click", () => reset(section));
    // A browser keeps sliders where they were when the page was left.
    reset(section);
  }
  document.querySelector("nav").addEventListener("keydown", walk);
  window.addEventListener("hashchange", () => {
    show(true);
    // What was chosen is read out, and the next Tab leads into it.
    document.querySelector("section.shown h2").focus({ preventScroll: true });
  });
  show(false);
})();
