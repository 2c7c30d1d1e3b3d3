// The page's data: one table of texts, rows of places in it. The order of fields is that of payload.py.
const data = JSON.parse($("data").textContent);
const text = place => data.texts[place];
const texts = places => places.map(text);

function groupsOf(count, flat, make) {
  const out = [];
  for (let at = 0; at < flat.length; at += count) out.push(make(...flat.slice(at, at + count)));
  return out;
}
const rows = data.rows.map(([slug, name, folder, status, away, tag, lead, story, numbers, warnings, findings, uses, map, older, health], near) => ({
  near, slug, name: text(name), folder: text(folder), status, away: text(away),
  tag: tag ? { label: text(tag[0]), tone: tag[1], when: tag[2] } : null,
  lead: text(lead), story: text(story), nodes: numbers[0], models: numbers[1], ignored: numbers[2],
  warnings, findings, uses, map, plain: null, element: null,
  health: health ? { broke: text(health[0]), causes: groupsOf(3, health[1], (why, shown, fix) => ({ why: text(why), shown: text(shown), fix: text(fix) })),
    notes: groupsOf(2, health[2], (said, source) => ({ said: text(said), source: text(source) })), fit: text(health[3]), line: text(health[4]), about: text(health[5]) } : null,
  older: groupsOf(3, older, (own, title, is) => ({ slug: own, name: text(title), status: data.order[is] })),
}));
const bySlug = new Map([...rows.flatMap(row => row.older.map(one => [one.slug, row])), ...rows.map(row => [row.slug, row])]);

const finding = ([code, weight, group, name, message, size, nodes, folders, evidence, fixes, urls, pack, types, found]) => ({
  code, weight: text(weight), group, name: text(name), message: text(message), size: text(size),
  nodes: groupsOf(3, nodes, (id, title, input) => ({ id: text(id), title: text(title), input: text(input) })),
  folders: texts(folders),
  evidence: groupsOf(3, evidence, (word, said, path) => ({ word: data.evidence[word], said: text(said), path: text(path) })),
  fixes: texts(fixes), urls: texts(urls), pack: text(pack), types: texts(types), found: found ? verdict(data.verdicts[found]) : null,
});
const offer = ([title, file, amount, about, fits, against, page]) => ({
  title: text(title), file: text(file), amount: text(amount), about: text(about), fits: text(fits), against: text(against), page: text(page),
});
const verdict = ([state, aside, why, offers, mirrors, belongs, settle, silent, chosen, looked, places, steps, more]) => ({
  state, aside: text(aside), why: text(why), offers: offers.map(offer), mirrors: texts(mirrors), belongs: text(belongs),
  settle: texts(settle), silent: texts(silent), chosen: text(chosen), looked: text(looked), places: places.map(texts), more,
  steps: groupsOf(4, steps, (source, did, outcome, mute) => ({ source: text(source), did: text(did), outcome: text(outcome), mute: mute === 1 })),
});

// Plain lower-case text for the search, made once: [name and folder], then each thing the row names.
function plain(row) {
  if (!row.plain) {
    const places = new Set(row.uses);
    for (const one of row.findings) { places.add(one[3]); places.add(one[11]); for (const type of one[12]) places.add(type); for (const folder of one[7]) places.add(folder); }
    if (row.map) for (let at = 5; at < row.map[2].length; at += 7) places.add(row.map[2][at]);
    const named = texts([...places]).filter(Boolean);
    row.plain = { title: (row.folder + "/" + row.name).toLowerCase(), named, all: named.join("\n").toLowerCase() };
  }
  return row.plain;
}
// Every word of the query must occur; a word that only stands in what the row names is what the row then shows.
function match(row, words) {
  const { title, named, all } = plain(row);
  let because = "";
  for (const word of words) {
    if (title.includes(word)) continue;
    if (!all.includes(word)) return null;
    because = because || named.find(one => one.toLowerCase().includes(word)) || "";
  }
  return { because };
}
