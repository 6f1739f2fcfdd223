// What documented objects look like.
import assert from 'node:assert/strict';

export const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/// Every documented field is there and of its kind.
export function assertShape(object, shape) {
  const kinds = {
    uuid: (v) => uuidForm.test(v),
    time: (v) => timeForm.test(v),
    text: (v) => typeof v === 'string',
    integer: Number.isSafeInteger,
    boolean: (v) => typeof v === 'boolean',
    object: (v) => v !== null && typeof v === 'object' && !Array.isArray(v),
    list: Array.isArray,
  };
  for (const [name, kind] of Object.entries(shape)) {
    const optional = kind.endsWith('?');
    const value = object[name];
    assert.notEqual(value, undefined, `${name} is missing in ${JSON.stringify(object)}`);
    assert.ok(
      (optional && value === null) || kinds[kind.replace('?', '')](value),
      `${name} is no ${kind}: ${JSON.stringify(value)}`,
    );
  }
}
