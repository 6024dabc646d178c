// Makes the map: countries by their two-letter code, simplified, with a point for
// those that are too small to be seen. Its data is Natural Earth's (public domain).
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { geoArea, geoCentroid } from 'd3-geo';
import { feature, quantize } from 'topojson-client';
import { topology } from 'topojson-server';
import { presimplify, quantile, simplify } from 'topojson-simplify';
import iso from 'i18n-iso-countries';

const SMALL = 0.0006; // steradian: below it a country gets a dot
const KEEP = 0.12; // quantile of triangles that go

const require = createRequire(import.meta.url);
const world = JSON.parse(readFileSync(require.resolve('world-atlas/countries-50m.json'), 'utf8'));
const countries = feature(world, world.objects.countries).features.filter((f) => f.properties.name !== 'Antarctica');

for (const f of countries) {
  const area = geoArea(f);
  const id = f.properties.name === 'Kosovo' ? 'XK' : iso.numericToAlpha2(f.id);
  f.properties = {};
  f.id = id;
  if (area < SMALL) f.properties.dot = geoCentroid(f).map((x) => Math.round(x * 100) / 100);
}

let t = presimplify(topology({ countries: { type: 'FeatureCollection', features: countries } }));
t = simplify(t, quantile(t, KEEP));
t = quantize(t, 1e4);
mkdirSync(new URL('../generated/', import.meta.url), { recursive: true });
writeFileSync(new URL('../generated/world.json', import.meta.url), JSON.stringify(t));
