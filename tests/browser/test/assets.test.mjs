import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

const assets = fileURLToPath(new URL('../../../appliance/src/player/assets/', import.meta.url));
const own = readdirSync(assets, { recursive: true })
  .filter((name) => !name.startsWith('vendor') && statSync(join(assets, name)).isFile());

test('vendored players are the files that vendor/README.md says', () => {
  const readme = readFileSync(join(assets, 'vendor/README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| `([^`]+)` .* `([0-9a-f]{64})` \|$/gm)];
  assert.equal(rows.length, 2);
  for (const [, name, sha256] of rows) {
    const bytes = readFileSync(join(assets, 'vendor', name));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256, name);
  }
});

test('nothing of ours names another host', () => {
  for (const name of own) {
    const text = readFileSync(join(assets, name), 'utf8').replaceAll('http://www.w3.org/2000/svg', '');
    assert.doesNotMatch(text, /\bhttps?:\/\//, name);
  }
});

test('the page has no inline script or style, so a strict policy holds', () => {
  const html = readFileSync(join(assets, 'watch.html'), 'utf8');
  assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/);
});

test('scripts keep to the syntax that iOS 12 parses', () => {
  for (const name of own.filter((each) => each.endsWith('.js'))) {
    const code = readFileSync(join(assets, name), 'utf8').replace(/\/\/.*$/gm, '').replace(/'[^'\n]*'/g, "''");
    assert.doesNotMatch(code, /\?\.[a-z([]|\?\?|\bstatic\b|#[a-z]+\b/i, name);
  }
});
