// What a row of the analysis is: the reason it was rejected for, its topic, its three fields, a note.
const { reasons, topics } = JSON.parse(document.getElementById("filters").textContent);

function matches([why, about, , given], [kind, topic, input]) {
  if (kind === "kept" ? why : kind === "rejected" ? !why : kind && why !== reasons[kind]) return false;
  if (topic !== "" && (about < 0 ? topics.length - 1 : about) !== Number(topic)) return false;
  return input === "" || (given.trim() !== "") === (input === "with");
}

const searched = (row) => row.slice(2, 5).join("\n");

function shown([why, about, instruction, given, output, note]) {
  const parts = [["instruction", instruction], ["input", given], ["output", output]];
  const summary = [element("span", "of", why || "kept"), element("span", "of", topics[about] ?? ""), element("span", "", ...marked(firstLine(instruction)))];
  return folded("one", summary, () => [
    element("p", "soft", visible(note)),
    element("div", "fields", ...parts.filter(([name, text]) => name !== "input" || text.trim()).map((part) => field(...part))),
  ]);
}
