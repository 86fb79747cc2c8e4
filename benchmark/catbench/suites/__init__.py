"""Where suites come from: imported tables, fetched data, and simulation. Nothing is scanned at import."""
