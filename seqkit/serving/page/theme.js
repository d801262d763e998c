// Runs before the page is drawn, so that a chosen theme does not flash in after the system's.
try {
  const theme = localStorage.getItem("seqkit.theme");
  if (theme) document.documentElement.dataset.theme = JSON.parse(theme);
} catch {
  // No storage, or not ours: the system's theme.
}
