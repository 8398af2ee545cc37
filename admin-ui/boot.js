// Starts the page. It is a file of its own because the content security policy allows no inline script.
import init from './{admin_ui.js}';

init({ module_or_path: new URL('./{admin_ui.wasm}', import.meta.url) }).catch((fault) => {
  console.error(fault);
  const line = document.getElementById('boot');
  if (line) line.textContent = `The admin UI could not start in this browser: ${fault.message}`;
});
