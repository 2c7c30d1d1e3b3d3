// What a workflow's page keeps: the paragraphs about codes, and the text by which it knows that its report is another.

const codes = new WeakMap(); // host -> promise of {code: {title, text}}

/** The documented codes; an empty table where the server cannot be asked, so that the page says so in place. */
export function codesOf(host) {
  if (!codes.has(host)) {
    const asked = host.api.get("codes").then((answer) => answer.codes);
    codes.set(host, asked.catch(() => (codes.delete(host), {})));
  }
  return codes.get(host);
}

const plainly = new WeakMap(); // workflow -> its text without verdicts, which fill their boxes in place

export function textOf(workflow) {
  if (workflow && !plainly.has(workflow)) {
    const { slug, status, distance, findings, warnings, map, modified, change, version, versions } = workflow;
    plainly.set(workflow, JSON.stringify([slug, status, distance, findings.map((one) => ({ ...one, resolution: null })), warnings, map, modified, change, version, versions]));
  }
  return plainly.get(workflow);
}
