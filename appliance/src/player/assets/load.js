// Loads a vendored player once, when its tier is chosen. A script element, since a module cannot be a UMD file.

const loading = {};

export function loadScript(path) {
  const url = new URL(path, import.meta.url).href;
  if (!loading[url]) {
    loading[url] = new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = url;
      script.onload = resolve;
      script.onerror = () => {
        delete loading[url];
        script.remove();
        reject(Object.assign(new Error('could not load ' + path), { kind: 'network' }));
      };
      document.head.appendChild(script);
    });
  }
  return loading[url];
}
