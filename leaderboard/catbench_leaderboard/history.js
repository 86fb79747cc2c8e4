// Streamlit replaces the address where a selector changes: here that is a step of the browser's history.
if (!window.catbenchHistory) {
  window.catbenchHistory = true;
  const replace = history.replaceState.bind(history);
  history.replaceState = (state, title, to) => {
    const changed = to && new URL(to, location.href).search !== location.search;
    return changed && navigator.userActivation?.hasBeenActive ? history.pushState(state, title, to) : replace(state, title, to);
  };
  window.addEventListener("popstate", () => location.reload());
}
