//! How numbers become drawings: pure, the same on the server (SVG) and in the browser (canvas).
