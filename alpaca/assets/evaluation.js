// What a row of a comparison is: its verdict, its group, what else it can be found by, the task, both answers, each judgment.
const VERDICTS = { win: "candidate better", loss: "reference better", tie: "tie", missing: "no judgment" };

function matches([verdict, group, marks], [wanted, about, mark]) {
  return (!wanted || verdict === wanted) && (!about || group === about) && (!mark || marks.includes(mark));
}

const searched = (row) => [...row.slice(4, 9), ...row[9].flatMap(([judge, , said, comment]) => [judge, said, comment])].join("\n");

const better = (preference) => (preference === 0.5 ? "tie" : preference > 0.5 ? "candidate better" : "reference better");

function judged([judge, first, said, comment]) {
  const missing = typeof said === "string";
  const weighed = missing || [0, 0.5, 1].includes(said) ? "" : ` (${said})`;
  const heard = [visible(judge) || "judge", missing ? `no judgment: ${visible(said)}` : better(said) + weighed, first === "unknown" ? "" : `${first} shown first`];
  return element("li", "", element("div", "of", heard.filter(Boolean).join(" · ")), ...(comment ? [element("div", "text", ...marked(comment))] : []));
}

function sided(side, text) {
  const made = field(side, text);
  made.firstChild.prepend(element("i", `swatch ${side}`));
  return made;
}

function shown([verdict, group, marks, lengths, instruction, input, output, candidate, reference, judgments]) {
  const summary = [element("span", `of said ${verdict}`, VERDICTS[verdict]), element("span", "of", visible(group)), element("span", "", ...marked(firstLine(instruction)))];
  return folded("one", summary, () => {
    const task = [["instruction", instruction], ["input", input], ["right answer", output]].filter(([name, text]) => name === "instruction" || text.trim());
    const parts = [element("p", "soft", [...marks.map(visible), lengths].filter(Boolean).join(" · ")), element("div", "fields", ...task.map((part) => field(...part)))];
    if (answered) parts.push(element("div", "answers", sided("candidate", candidate), sided("reference", reference)));
    parts.push(element("ul", "judged", ...judgments.map(judged)));
    return parts;
  });
}
