// Streamlit replaces the address where a selector changes: here that is a step of the browser's history.
if (!window.catbenchHistory) {
  window.catbenchHistory = true;
  let acted = false;  // on this page: what it settles by itself when it opens is no step
  for (const done of ["pointerdown", "keydown"]) window.addEventListener(done, () => { acted = true; }, true);
  const replace = history.replaceState.bind(history);
  history.replaceState = (state, title, to) => {
    const changed = to && new URL(to, location.href).search !== location.search;
    return changed && acted ? history.pushState(state, title, to) : replace(state, title, to);
  };
  window.addEventListener("popstate", () => location.reload());
}
