// The stand-in's audit log: entries that a test puts there, at most `pageMax` a page.
export function auditRoutes({ json }) {
  const entries = []; // Newest first.
  const audit = { entries, pageMax: 100 };
  audit.routes = [
    ['GET', /^\/v1\/audit$/, ({ query }) => {
      const from = Number(query.get('before') ?? 0);
      const size = Math.min(Number(query.get('limit') ?? 20), audit.pageMax);
      const is = (entry, name) => !query.get(name) || entry[name] === query.get(name);
      const all = entries.filter((entry) => ['subject', 'operation', 'object', 'result'].every((name) => is(entry, name))
        && (!query.get('from_date') || entry.time >= query.get('from_date')) && (!query.get('to_date') || entry.time <= query.get('to_date')));
      return json(200, { data: all.slice(from, from + size), meta: { limit: size, next: from + size < all.length ? String(from + size) : null } });
    }],
  ];
  return audit;
}
