#!/usr/bin/env node
// Tokens made by a library that others wrote (jose), of every algorithm, and everything a forger might try.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, randomUUID, sign as signBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CompactSign, SignJWT, UnsecuredJWT, exportJWK } from 'jose';
import { finish, test } from '../../tools/lib/cases.mjs';
import { exchange, head, webSocket } from './support/raw.mjs';
import { Server, cleanUp, makeDir, sleep, until } from './support/server.mjs';

const SECRET = 'a-secret-of-these-tests-with-enough-characters';
const secret = new TextEncoder().encode(SECRET);
const dir = makeDir('tokens');
const keyFile = path.join(dir, 'jwks.json');
const unixNow = () => Math.floor(Date.now() / 1000);

const pairs = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
};
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = (pair) => pair.publicKey.export({ type: 'spki', format: 'pem' });
const jwkOf = async (alg, more = {}) => ({ ...(await exportJWK(pairs[alg].publicKey)), kid: alg, alg, use: 'sig', ...more });

/// Puts a new file in the place of the old one, as deployments do.
function writeKeys(content, file = keyFile) {
  writeFileSync(`${file}.new`, typeof content === 'string' ? content : JSON.stringify(content));
  renameSync(`${file}.new`, file);
}

const workspace = randomUUID();
const claims = (more = {}) => ({ sub: 'u-1001', workspace_id: workspace, scope: 'read:pipelines read:jobs', exp: unixNow() + 300, ...more });
const make = (alg, said = claims(), header = {}, key = pairs[alg]?.privateKey ?? secret) =>
  new SignJWT(said).setProtectedHeader({ alg, typ: 'JWT', ...(pairs[alg] ? { kid: alg } : {}), ...header }).sign(key);
const base64url = (text) => Buffer.from(text).toString('base64url');
/// A token whose bytes are made by hand: header and claims as text.
const byHand = (header, said, signer) => {
  const text = `${base64url(header)}.${base64url(said)}`;
  return `${text}.${signer(text)}`;
};
const hs256 = (key) => (text) => createHmac('sha256', key).update(text).digest('base64url');

writeKeys({ keys: await Promise.all(Object.keys(pairs).map((alg) => jwkOf(alg))) });
const server = await Server.start(makeDir('tokens-data'), {
  args: ['--jwt-keys', keyFile, '--jwt-audience', 'penstock', '--jwt-issuer', 'https://issuer.test', '--rate-limit', '0'],
  env: { PENSTOCK_JWT_SECRET: SECRET },
});
const whoami = (key, options = {}) => (options.of ?? server).ask('GET', '/v1/whoami', { key });

async function accepted(token, of = server) {
  const answer = await whoami(token, { of });
  assert.equal(answer.status, 200, answer.text);
  return answer.body.data;
}

/// Refused on every surface, each in its own form, without a word of the token.
async function refused(what, token) {
  for (const target of ['/v1/whoami', '/api/pipelines', '/api/v1/pipelines']) {
    const answer = await server.ask('GET', target, { key: token });
    // Many forgeries come from one address: that is what the limit is for.
    if (answer.status === 429) {
      await sleep(200);
      return refused(what, token);
    }
    assert.equal(answer.status, 401, `${what} at ${target}: ${answer.text}`);
    assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer/, what);
    for (const part of token.split('.').filter((one) => one.length > 8)) assert.ok(!answer.text.includes(part), what);
  }
}

test('tokens of every algorithm are taken', async () => {
  for (const alg of ['HS256', ...Object.keys(pairs)]) {
    assert.deepEqual(await accepted(await make(alg)), { workspace_id: workspace, subject: 'u-1001', scopes: ['read:pipelines', 'read:jobs'] });
    await accepted(await make(alg, claims({ aud: ['other', 'penstock'], iss: 'https://issuer.test', nbf: unixNow() - 1, iat: unixNow() })));
  }
  await accepted(await make('ES256', claims(), { kid: undefined }));
  // The fully specified name of the same algorithm (RFC 9864).
  await accepted(await make('Ed25519', claims(), { kid: 'EdDSA' }, pairs.EdDSA.privateKey));
  const { exp, ...endless } = claims();
  await accepted(await make('RS256', endless));
});

test('what a forger may do to the header is refused', async () => {
  await refused('alg none', new UnsecuredJWT(claims()).encode());
  for (const alg of ['none', 'None', 'NONE', 'nOnE', '', 'HS512', 'RS512', 'PS256', 'ES384', 'HS1', 'hs256'])
    await refused(`alg ${alg}`, byHand(JSON.stringify({ alg }), JSON.stringify(claims()), hs256(SECRET)));
  await refused('alg none with no signature but a dot', byHand('{"alg":"none"}', JSON.stringify(claims()), () => ''));
  await refused('no alg', byHand('{"typ":"JWT"}', JSON.stringify(claims()), hs256(SECRET)));
  await refused('alg twice', byHand('{"alg":"HS256","alg":"HS256"}', JSON.stringify(claims()), hs256(SECRET)));
  await refused('HS512', await make('HS512'));
  await refused('crit', byHand('{"alg":"HS256","crit":["exp"]}', JSON.stringify(claims()), hs256(SECRET)));
  const unencoded = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims())))
    .setProtectedHeader({ alg: 'ES256', kid: 'ES256', crit: ['b64'], b64: true })
    .sign(pairs.ES256.privateKey);
  await refused('crit by jose', unencoded);
  await refused('a kid that no key has', await make('RS256', claims(), { kid: 'another' }));
  await refused('the kid of a key for something else', await make('RS256', claims(), { kid: 'ES256' }));
  await refused('a kid that is no text', byHand('{"alg":"RS256","kid":7}', JSON.stringify(claims()), (text) => signBytes('sha256', Buffer.from(text), pairs.RS256.privateKey).toString('base64url')));
});

test('a public key is no secret: key confusion is refused', async () => {
  for (const alg of Object.keys(pairs)) {
    const jwk = JSON.stringify(await jwkOf(alg));
    for (const key of [pem(pairs[alg]), pem(pairs[alg]).trimEnd(), pairs[alg].publicKey.export({ type: 'spki', format: 'der' }), jwk])
      for (const header of [{ alg: 'HS256' }, { alg: 'HS256', kid: alg }])
        await refused(`HS256 over the public key of ${alg}`, byHand(JSON.stringify(header), JSON.stringify(claims()), hs256(key)));
  }
});

test('keys that a token brings along are not taken', async () => {
  const jwk = await exportJWK(stranger.publicKey);
  for (const header of [{ jwk }, { jku: 'http://127.0.0.1:1/jwks.json' }, { x5u: 'http://127.0.0.1:1/cert.pem' }, { jwk, kid: undefined }])
    await refused(`header ${Object.keys(header)}`, await make('RS256', claims(), header, stranger.privateKey));
});

test('what a forger may do to the signature is refused', async () => {
  for (const alg of ['HS256', ...Object.keys(pairs)]) {
    const token = await make(alg);
    const [top, said, signature] = token.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    bytes[bytes.length >> 1] ^= 1;
    await refused(`${alg}: a bit turned`, `${top}.${said}.${bytes.toString('base64url')}`);
    await refused(`${alg}: none`, `${top}.${said}.`);
    await refused(`${alg}: cut`, token.slice(0, -4));
    await refused(`${alg}: longer`, `${token}AAAA`);
    await refused(`${alg}: other claims`, `${top}.${base64url(JSON.stringify(claims({ scope: 'admin' })))}.${signature}`);
  }
  await refused('another secret', await make('HS256', claims(), {}, new TextEncoder().encode(`${SECRET}x`)));
  await refused('a stranger', await make('RS256', claims(), {}, stranger.privateKey));
  const header = JSON.stringify({ alg: 'ES256', kid: 'ES256' });
  await refused('ES256 as DER', byHand(header, JSON.stringify(claims()), (text) => signBytes('sha256', Buffer.from(text), pairs.ES256.privateKey).toString('base64url')));
  await refused('ES256 of zeroes', byHand(header, JSON.stringify(claims()), () => Buffer.alloc(64).toString('base64url')));
});

test('claims that are over, early, of others or of the wrong kind are refused', async () => {
  const cases = {
    expired: { exp: unixNow() - 1 },
    'long expired': { exp: 1 },
    'not yet': { nbf: unixNow() + 60 },
    'another audience': { aud: 'other' },
    'other audiences': { aud: ['other', 'another'] },
    'an audience that is none': { aud: 7 },
    'another issuer': { iss: 'https://other.test' },
    'exp as text': { exp: String(unixNow() + 300) },
    'exp null': { exp: null },
    'nbf as text': { nbf: 'now' },
    'negative exp': { exp: -1 },
    'no workspace': { workspace_id: undefined },
    'workspace no uuid': { workspace_id: 'mine' },
    'workspace nil': { workspace_id: '00000000-0000-0000-0000-000000000000' },
    'scope as list': { scope: ['admin'] },
    'sub no text': { sub: 7 },
    'sub too long': { sub: 'x'.repeat(256) },
  };
  // By hand: jose makes sure that its tokens are sane.
  for (const [what, more] of Object.entries(cases))
    await refused(what, byHand('{"alg":"HS256"}', JSON.stringify(claims(more)), hs256(SECRET)));
  const said = JSON.stringify(claims());
  await refused('scope twice', byHand('{"alg":"HS256"}', said.replace('{', '{"scope":"admin",'), hs256(SECRET)));
  await refused('workspace twice', byHand('{"alg":"HS256"}', said.replace('{', `{"workspace_id":"${randomUUID()}",`), hs256(SECRET)));
  await refused('no JSON', byHand('{"alg":"HS256"}', `${said}x`, hs256(SECRET)));
  await refused('a list', byHand('{"alg":"HS256"}', `[${said}]`, hs256(SECRET)));
  await refused('invalid UTF-8', (() => {
    const text = `${base64url('{"alg":"HS256"}')}.${Buffer.concat([Buffer.from(said.slice(0, -1)), Buffer.from(',"a":"\xff"}', 'latin1')]).toString('base64url')}`;
    return `${text}.${hs256(SECRET)(text)}`;
  })());
  await refused('more than 8 KiB', byHand('{"alg":"HS256"}', JSON.stringify(claims({ more: 'x'.repeat(8_000) })), hs256(SECRET)));
});

test('a token without a scope may nothing, and unknown scopes mean nothing', async () => {
  assert.deepEqual((await accepted(await make('ES256', claims({ scope: undefined })))).scopes, []);
  assert.deepEqual((await accepted(await make('ES256', claims({ scope: 'admin:all  read:jobs ADMIN' })))).scopes, ['read:jobs']);
  const key = await make('ES256', claims({ scope: 'read:jobs' }));
  await server.expect(403, 'GET', '/v1/api-keys', { key });
  await server.expect(403, 'POST', '/api/pipelines', { key, body: { name: 'x', config: { tasks: [] } } });
});

test('a token ends to the second, also one that was verified a moment ago', async () => {
  const exp = unixNow() + 3;
  const key = await make('RS256', claims({ exp }));
  while (Date.now() < exp * 1000 - 150) {
    await server.expect(200, 'GET', '/v1/whoami', { key });
    await sleep(40);
  }
  await sleep(exp * 1000 - Date.now() + 20);
  await server.expect(401, 'GET', '/v1/whoami', { key });
});

test('a workspace is made by its first token, once, and is there after a restart', async () => {
  const data = makeDir('first-sight');
  const start = () => Server.start(data, { env: { PENSTOCK_JWT_SECRET: SECRET } });
  let one = await start();
  const ids = Array.from({ length: 20 }, () => randomUUID());
  // All of one workspace's first requests at once, and all workspaces together.
  await Promise.all(ids.flatMap((id) => Array.from({ length: 10 }, async (_, n) => {
    const key = await make('HS256', claims({ workspace_id: id, scope: 'admin', sub: `u-${n}` }));
    const { body } = await one.expect(201, 'POST', '/api/pipelines', { key, body: { name: `p${n}`, config: { tasks: [{ id: 'a', type: 'noop' }] } } });
    await one.expect(200, 'GET', `/api/pipelines/${body.id}`, { key });
  })));
  await one.end('SIGKILL');
  one = await start();
  for (const id of ids) {
    const key = await make('HS256', claims({ workspace_id: id, scope: 'admin' }));
    assert.equal((await one.expect(200, 'GET', '/api/pipelines', { key })).body.length, 10);
  }
  await one.end();
});

test('a stream ends when the token does that opened it, and so does a long wait', async () => {
  const writing = claims({ scope: 'write:pipelines read:jobs read:pipelines' });
  const key = await make('ES256', writing);
  const pipeline = (await server.expect(201, 'POST', '/api/pipelines', { key, body: { name: 'nap', config: { tasks: [{ id: 'nap', type: 'sleep', seconds: 60 }] } } })).body.id;
  const run = (await server.expect(202, 'POST', `/api/v1/pipelines/${pipeline}/run`, { key, body: {} })).body.runId;
  const short = await make('ES256', { ...writing, exp: unixNow() + 2 });
  const stream = await webSocket(server.url, `/api/v1/runs/${run}/stream`, { fields: { Authorization: `Bearer ${short}` } });
  assert.equal(stream.status, 101);
  const waiting = server.ask('POST', `/api/v1/pipelines/${pipeline}/run`, { key: short, body: {}, headers: { Prefer: 'wait=50' } });
  await stream.closed;
  assert.equal(stream.closeCode, 1008);
  assert.equal((await waiting).status, 401);
  await server.expect(200, 'POST', `/api/v1/runs/${run}/cancel`, { key });
});

// ---- the file of keys

test('a file of keys is read again when it changes; a broken one changes nothing and is told', async () => {
  const file = path.join(dir, 'changing.json');
  writeKeys({ keys: [await jwkOf('RS256'), await jwkOf('ES256')] }, file);
  const one = await Server.start(makeDir('changing'), { args: ['--jwt-keys', file, '--rate-limit', '0'] });
  const [rsa, ec, ed] = await Promise.all(['RS256', 'ES256', 'EdDSA'].map((alg) => make(alg)));
  const status = async (key) => (await whoami(key, { of: one })).status;
  assert.deepEqual([await status(rsa), await status(ec), await status(ed)], [200, 200, 401]);

  writeKeys('{"keys": [', file);
  await until('the word of the broken file', () => one.output.includes('changing.json') && /error/.test(one.output), { timeoutMs: 8_000 });
  assert.deepEqual([await status(rsa), await status(ec)], [200, 200]);

  // Of a key that is gone even a token that was just verified is refused.
  writeKeys({ keys: [await jwkOf('ES256'), await jwkOf('EdDSA')] }, file);
  await until('the new keys', async () => (await status(ed)) === 200, { timeoutMs: 8_000, everyMs: 100 });
  assert.deepEqual([await status(rsa), await status(ec)], [401, 200]);

  writeKeys(pem(pairs.RS256) + pem(pairs.EdDSA), file);
  await until('the keys in PEM', async () => (await status(rsa)) === 200, { timeoutMs: 8_000, everyMs: 100 });
  assert.deepEqual([await status(ec), await status(ed)], [401, 200]);
  await one.end();
});

test('a server does not start with keys that are missing, broken, weak, symmetric or private', async () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const cases = {
    'cannot be read': null,
    'expected a value': '{"keys": [',
    '2048 to': { keys: [{ ...(await exportJWK(weak.publicKey)), kid: 'weak' }] },
    'PENSTOCK_JWT_SECRET': { keys: [{ kty: 'oct', k: base64url(SECRET), kid: 's' }] },
    private: { keys: [await exportJWK(pairs.EdDSA.privateKey)] },
    'no key': { keys: [] },
  };
  for (const [word, content] of Object.entries(cases)) {
    const file = path.join(dir, 'bad.json');
    if (content !== null) writeKeys(content, file);
    const one = Server.spawn(makeDir('bad-keys'), { args: ['--jwt-keys', file] });
    const failed = await one.ready.then(() => null, (problem) => problem.message);
    assert.ok(failed?.includes(word) && failed.includes(file), `${word}: ${failed}`);
    assert.ok(!failed.includes(SECRET) && !failed.includes(base64url(SECRET)));
    await one.end('SIGKILL');
  }
});

test('a server without keys and secret says so, and exp can be demanded, leeway given', async () => {
  const none = await Server.start(makeDir('no-keys'));
  const off = await whoami(await make('RS256'), { of: none });
  assert.equal(off.status, 401);
  assert.match(off.text, /--jwt-keys/);
  await none.end();

  const strict = await Server.start(makeDir('strict'), { args: ['--jwt-keys', keyFile, '--jwt-require-exp', '--jwt-leeway', '60s'] });
  const { exp, ...endless } = claims();
  assert.equal((await whoami(await make('RS256', endless), { of: strict })).status, 401);
  await accepted(await make('RS256', claims({ exp: unixNow() - 30 })), strict);
  await accepted(await make('RS256', claims({ nbf: unixNow() + 30 })), strict);
  assert.equal((await whoami(await make('RS256', claims({ exp: unixNow() - 61 })), { of: strict })).status, 401);
  assert.match((await whoami(await make('HS256'), { of: strict })).text, /PENSTOCK_JWT_SECRET/);
  await strict.end();
});

test('refusals are counted by reason, and no token is in the log', async () => {
  const { text } = await server.expect(200, 'GET', '/metrics', { key: '' });
  const count = (reason) => Number(new RegExp(`penstock_authentication_failures_total\\{reason="${reason}"\\} (\\d+)`).exec(text)?.[1]);
  for (const reason of ['unknown_algorithm', 'unknown_signer', 'bad_signature', 'expired_token', 'early_token', 'bad_claims', 'malformed'])
    assert.ok(count(reason) > 0, reason);
  assert.equal(count('tokens_off'), 0);
  assert.ok(!/eyJ/.test(server.output));
});

test('refused credentials of one address are slowed down, good ones are not', async () => {
  const one = await Server.start(makeDir('guessing'));
  const flood = async (fields) =>
    (await exchange(one.url, head('GET', '/v1/whoami', fields).repeat(800).replace(/\r\n\r\n$/, '\r\nConnection: close\r\n\r\n'))).statuses;
  const guesses = await flood({ Authorization: 'Bearer nonsense' });
  assert.equal(guesses.length, 800);
  assert.ok(guesses.slice(0, 500).every((status) => status === 401));
  assert.ok(guesses.filter((status) => status === 429).length >= 100);
  await one.expect(200, 'GET', '/v1/whoami');
  // Who forgot the credentials, or uses a key that was revoked, guesses nothing.
  assert.ok((await flood({ Authorization: undefined })).every((status) => status === 401));
  const { id, key } = (await one.expect(201, 'POST', '/v1/api-keys', { body: { name: 'x', scopes: ['admin'] } })).body.data;
  await one.expect(204, 'DELETE', `/v1/api-keys/${id}`);
  assert.ok((await flood({ Authorization: `Bearer ${key}` })).every((status) => status === 401));
  await one.end();
});

await finish(cleanUp);
