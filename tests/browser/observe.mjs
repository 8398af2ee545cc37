// What can be seen of a page from outside it: console errors, failed requests, requests to other hosts.

export function observe(page, base) {
  const seen = { consoleErrors: [], pageErrors: [], badStatus: [], failedRequests: [], otherHosts: [] };
  const host = new URL(base).host;
  page.on('console', (message) => message.type() === 'error' && seen.consoleErrors.push(message.text()));
  page.on('pageerror', (error) => seen.pageErrors.push(String(error)));
  page.on('response', (answer) => {
    if (answer.status() >= 400) seen.badStatus.push(`${answer.status()} ${answer.url()}`);
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? 'unknown';
    // A player gives up a request when it switches or is closed: that is its own decision.
    if (why !== 'net::ERR_ABORTED') seen.failedRequests.push(`${why} ${request.url()}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (/^(https?|wss?):$/.test(url.protocol) && url.host !== host) seen.otherHosts.push(request.url());
  });
  return seen;
}
