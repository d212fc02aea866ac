"""The faults that `benchmarks.defects` plants: for each kind its surface forms, and how one is put into a row."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace

from alpaca.curation.prose import is_code, words
from alpaca.records import Example

BREAK = "|||"  # between the parts of a form


def _output(example: Example, form: str, rng: random.Random) -> Example:
    return replace(example, output=form)


def _task(example: Example, form: str, rng: random.Random) -> Example:
    instruction, given, output = [*form.split(BREAK), "", ""][:3]
    return Example(instruction, given, output)


def _append(example: Example, form: str, rng: random.Random) -> Example:
    """Put a sentence before, within, or after an answer of prose."""
    parts = re.split(r"(?<=[.!?]) ", example.output)
    parts.insert(rng.randrange(len(parts) + 1), form)
    return replace(example, output=" ".join(parts))


def _prose(example: Example, least: int) -> bool:
    return len(words(example.output)) >= least and not is_code(example.output) and "|" not in example.output


def _cut_words(example: Example, form: str, rng: random.Random) -> Example | None:
    """Cut an answer of prose somewhere within a sentence, after a word or within it."""
    if not _prose(example, 30):
        return None
    at = rng.randrange(len(example.output) // 3, len(example.output) - 5)
    cut = example.output[:at] if form == "letters" else re.sub(r"\s*\S*\Z", "", example.output[:at])
    line = cut.split("\n")[-1]
    middle = (
        len(words(re.split(r"[.!?] ", line)[-1])) > 3 and cut[-1:].isalpha() and (example.output[at:] or " ")[0] != "."
    )
    return replace(example, output=cut) if middle else None


def _cut_fence(example: Example, form: str, rng: random.Random) -> Example:
    code = "def area(width, height):\n    total = width * height\n    return total"
    lines = code.split("\n")
    return replace(example, output=form + ("\n".join(lines[: rng.randrange(1, 4)]) if "```" in form else ""))


def _copy_instruction(example: Example, form: str, rng: random.Random) -> Example | None:
    if len(words(example.instruction)) < 5:
        return None
    text = {
        "same": example.instruction,
        "lower": example.instruction.lower(),
        "bare": example.instruction.rstrip(".?:"),
    }.get(form, form.replace("*", example.instruction))
    return replace(example, input=text)


def _echo(example: Example, form: str, rng: random.Random) -> Example | None:
    return (
        replace(example, output=form.replace("*", example.instruction)) if len(words(example.instruction)) > 5 else None
    )


def _echo_input(example: Example, form: str, rng: random.Random) -> Example | None:
    return (
        replace(example, instruction=form, output=example.output)
        if False
        else Example(form.split(BREAK)[0], form.split(BREAK)[1], form.split(BREAK)[1])
    )


def _loop(example: Example, form: str, rng: random.Random) -> Example | None:
    if not _prose(example, 12):
        return None
    parts = re.split(r"(?<=[.!?])\s+", example.output)
    long = [part for part in parts if len(words(part)) > 4]
    if not long or re.search(r"song|poem|lyrics|rap\b|chant", example.instruction, re.IGNORECASE):
        return None
    if form == "twice":
        return replace(example, output=f"{example.output}\n\n{example.output}") if len(parts) < 12 else None
    if form == "sentence":
        return replace(example, output=" ".join([*parts, *[rng.choice(long)] * 4]))
    if form == "tail":
        tail = " ".join(example.output.split()[-rng.randrange(2, 6) :])
        return replace(example, output=example.output + f" {tail}" * rng.randrange(5, 12))
    if form == "word":
        return replace(example, output=example.output + f" {rng.choice(words(long[0])[:3])}" * rng.randrange(8, 20))
    if form == "lines":
        return replace(example, output="\n".join([long[0]] * rng.randrange(3, 8)))
    return replace(example, output=example.output + "\n" + "\n".join(f"{n}. {long[0]}" for n in range(1, 5)))


def _merge(example: Example, form: str, rng: random.Random) -> Example | None:
    """Add another task to the instruction, or to the end of the output."""
    where, text = form.split(BREAK)
    field = {"i": "instruction", "o": "output"}[where]
    return replace(example, **{field: getattr(example, field) + text})


def _into(example: Example, form: str, rng: random.Random) -> Example | None:
    """Put a sentence into one of the fields; its `#` become digits and its `%` letters."""
    text = re.sub("#", lambda _: str(rng.randrange(1, 10)), form)
    text = re.sub("%", lambda _: rng.choice("abcdefghkmnpqrstuvwxyzABCDEFGHKLMNPQRSTUVWXYZ"), text)
    field = rng.choice(["input", "output", "output"])
    return replace(example, **{field: f"{getattr(example, field)} {text}".strip()})


def _card(example: Example, form: str, rng: random.Random) -> Example | None:
    head = rng.choice(["4539", "5412", "4916", "5299", "3714"])
    body = head + "".join(str(rng.randrange(10)) for _ in range(11 if head != "3714" else 10))
    total = sum(sum(divmod(int(d) * (2 if i % 2 == 0 else 1), 10)) for i, d in enumerate(reversed(body)))
    number = body + str(-total % 10)
    spaced = rng.choice([number, " ".join(re.findall(".{1,4}", number)), "-".join(re.findall(".{1,4}", number))])
    return replace(example, output=f"{example.output} {form.replace('*', spaced)}")


def _mojibake(example: Example, form: str, rng: random.Random) -> Example | None:
    sentence = rng.choice(planted_accents).replace("*", rng.choice(words(example.output) or ["it"]))
    wrong, right = form.split(">")
    broken = sentence.encode(right).decode(wrong, "ignore")
    return replace(example, output=f"{example.output} {broken}") if broken != sentence else None


def _control(example: Example, form: str, rng: random.Random) -> Example | None:
    character = form.encode().decode("unicode_escape")
    text = example.output
    at = rng.randrange(1, len(text)) if len(text) > 1 else 1
    return replace(example, output=text[:at] + character + text[at:])


def _escape(example: Example, form: str, rng: random.Random) -> Example | None:
    if is_code(example.output) or re.search(
        r"code|program|html|script|regex|string|python|java|sql|css|web|latex", example.instruction, re.IGNORECASE
    ):
        return None
    if form == "newline":
        return replace(example, output=example.output.replace("\n", "\\n")) if example.output.count("\n") > 1 else None
    if form == "unicode":
        marked = example.output.replace("’", "'").replace("'", "\\u2019")
        return replace(example, output=marked) if "\\u" in marked else None
    if form == "question":
        marked = re.sub(r"(?<=\w)['’](?=[a-z])", "?", example.output)
        return replace(example, output=marked) if marked != example.output else None
    if form == "url":
        return replace(example, output=example.output.replace(" ", "%20")) if len(words(example.output)) > 2 else None
    if form == "quoted":
        marked = re.sub("['’]", "=E2=80=99", example.output)
        return replace(example, output=marked) if marked != example.output else None
    if form == "double":
        marked = example.output.replace('"', '\\"')
        return replace(example, output=marked) if marked != example.output else None
    return replace(example, output=f"{example.output} {form}")


def _markup(example: Example, form: str, rng: random.Random) -> Example | None:
    if is_code(example.output) or re.search(
        r"code|program|html|script|regex|string|python|java|sql|css|web|latex|page|json|function",
        example.instruction,
        re.IGNORECASE,
    ):
        return None
    text = example.output
    if form == "paragraphs":
        return replace(example, output="".join(f"<p>{part}</p>" for part in text.split("\n")))
    if form == "breaks":
        return replace(example, output=text.replace("\n", "<br>")) if "\n" in text else None
    if form == "entities":
        marked = text.replace("&", "&amp;").replace('"', "&quot;").replace("'", "&#39;")
        return replace(example, output=marked) if marked != text else None
    return (
        replace(example, output=re.sub(r"\b(\w{5,})\b", lambda found: form.replace("*", found[1]), text, count=2))
        if re.search(r"\w{5}", text)
        else None
    )


def _digits(example: Example, form: str, rng: random.Random) -> Example:
    """Fill the numbers a, b and c of a form, with a wrong result for `!+`, `!-`, `!*`, `!/` and `!%`."""
    a, b = rng.randrange(12, 90), rng.randrange(3, 12)
    right = {"+": a + b, "-": a - b, "*": a * b, "/": a, "%": a * 100 * b // 100}

    def wrong(found: re.Match[str]) -> str:
        return str(right[found[1]] + rng.choice([-10, -2, -1, 1, 2, 3, 10]))

    numbers = {"A": str(a), "B": str(b), "C": str(a * b), "D": str(a * 100)}
    text = re.sub(r"!([-+*/%])", wrong, re.sub(r"\{([ABCD])\}", lambda found: numbers[found[1]], form))
    instruction, given, output = text.split(BREAK)
    return Example(instruction, given, output) if instruction else replace(example, output=f"{example.output} {output}")


planted_accents = [
    "The café in Zürich serves crème brûlée and * today.",
    "Señor Muñoz said that * is ‘naïve’.",
    "It’s a “new” way to see * — really.",
    "Das Mädchen aus Köln mag * für später.",
    "L’été à Nîmes, * était très agréable.",
]


def _identity(example: Example, form: str, rng: random.Random) -> Example:
    return replace(example, input=form)


PLANTS: dict[str, Callable[[Example, str, random.Random], Example | None]] = {
    "empty output": _output,
    "placeholder output": _output,
    "cut within a sentence": _cut_words,
    "cut within code or list": _cut_fence,
    "refusal": _output,
    "speaks as an AI": _append,
    "placeholder input": _identity,
    "input repeats instruction": _copy_instruction,
    "output repeats instruction": _echo,
    "output repeats input": _echo_input,
    "repeats itself": _loop,
    "second task": _merge,
    "prompt remnants": _merge,
    "missing image": _task,
    "missing file or link": _task,
    "output shows what is not there": _append,
    "wrong arithmetic": _digits,
    "wrong language": _task,
    "wrong notation": _task,
    "wrong programming language": _task,
    "wrong number of items": _task,
    "wrong length": _task,
    "neither yes nor no": _task,
    "key or token": _into,
    "password": _into,
    "payment card": _card,
    "personal number": _into,
    "telephone number": _into,
    "e-mail address": _into,
    "postal address": _into,
    "mojibake": _mojibake,
    "control character": _control,
    "escapes": _escape,
    "markup": _markup,
}
FORMS: dict[str, list[str]] = {
    "empty output": ["", " ", "\n", "\t\n", "  \n\n ", "\u00a0", "\u3000", "\r\n"],
    "placeholder output": [
        "N/A",
        "[insert answer here]",
        "TODO",
        "<output>",
        "...",
        "No output",
        "<nooutput>",
        "[Your answer]",
        "TBD",
        "null",
        "Output:",
        "(none)",
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
        "undefined",
        "[response]",
        "To be completed",
        "Your response here",
        "{{output}}",
        "____",
        "<answer goes here>",
        "Not available.",
        "n/a",
        "[Placeholder]",
        "NaN",
        "-",
        "[TO BE FILLED]",
        "<no output>",
        "Insert text here.",
    ],
    "cut within a sentence": ["words", "letters"] * 2 + ["letters", "words"],
    "cut within code or list": [
        "Here is the function:\n\n```python\n",
        "You can do this:\n```\n",
        "1. Open the box.\n2. Read the manual.\n3. ",
        "The three main causes are:\n\n- Heat and\n- ",
        "Use the following code:\n\n```py\n",
        "Sure:\n```js\n",
        "```python\n",
        "This solves it (see below):\n\n```\n",
        "A short solution:\n\n```python\n",
        "First, some code.\n\n```Python\n# the area\n",
    ],
    "refusal": [
        "I'm sorry, but I can't help with that.",
        "I cannot assist with this request.",
        "Sorry, I am unable to provide that information.",
        "Unfortunately, I am not able to complete this task.",
        "I apologize, but I cannot fulfill this request.",
        "I'm afraid I can't do that.",
        "I must decline to answer this question.",
        "I'm unable to generate this kind of content.",
        "I don't have enough information to answer that.",
        "I'm not comfortable writing about this topic.",
        "This request goes against my guidelines.",
        "I won't be able to help you with that.",
        "I would prefer not to discuss this.",
        "It is not possible for me to answer this without more information.",
        "I regret that I am not able to give an answer to this.",
        "Could you please provide more details so I can help?",
        "My apologies, but that is something I cannot do.",
        "There is not enough context to answer this question.",
        "I do not feel comfortable providing an answer.",
        "No, I can't create that for you.",
    ],
    "speaks as an AI": [
        "As an AI language model, I think so.",
        "I am a large language model trained by OpenAI.",
        "As an artificial intelligence, I have no favorites.",
        "I'm just a chatbot, so take this with care.",
        "My knowledge cutoff is September 2021.",
        "I don't have personal opinions or feelings.",
        "As a language model, I cannot browse the internet.",
        "Being an AI, I do not eat.",
        "I was created by OpenAI to help people.",
        "As a virtual assistant, I have not been there myself.",
        "Since I am an AI, I have no body.",
        "I do not have access to real-time data.",
        "I'm only a computer program.",
        "My training data ends in 2021.",
        "As an AI assistant, I try to be fair.",
        "I, as an AI model, have never tasted it.",
    ],
    "placeholder input": [
        "<noinput>",
        "N/A",
        "none",
        "[insert text]",
        "No input",
        "<no input>",
        "None.",
        "[Insert article here]",
        "null",
        "Input:",
        "(no input)",
        "<input>",
        "n/a",
        "No input required.",
        "-",
        "[input text]",
        "Your text here",
        "...",
        "noinput",
        "{input}",
        "Not applicable",
        "[paste your paragraph here]",
        "NO INPUT NEEDED",
        "<your text>",
        "nan",
        "There is no input.",
        "Lorem ipsum dolor sit amet.",
        "(empty)",
        "[text]",
        "<blank>",
        "TBD",
        "Enter text here",
        "No additional input is needed.",
    ],
    "input repeats instruction": [
        "same",
        "lower",
        "Input: *",
        "bare",
        "* Thanks.",
        "Please: *",
        "Instruction: *",
        '"*"',
    ],
    "output repeats instruction": ["*", "Instruction: *", '"*"', "* ", "*\n", "Task: *", "Output: *", "* Sure!"],
    "output repeats input": [
        "Summarize the text in a few words.|||The old bridge over the river was closed for repairs in spring and opened again before the summer, much to the joy of the village.",
        "Translate the sentence into French.|||The weather will be lovely at the weekend.",
        "Rewrite the sentence in the passive voice.|||The committee approved the new budget yesterday.",
        "Explain what the proverb says.|||A rolling stone gathers no moss, as they say.",
        "Turn the statement into a question.|||You have finished all of your homework already.",
        "Classify the sentiment of the review.|||The soup was cold and the waiter rude.",
        "Continue the story.|||It was a dark night, and the wind howled around the house.",
        "Write a reply to the message.|||Could we meet on Tuesday instead of Monday?",
    ],
    "repeats itself": ["twice", "sentence", "tail", "word", "lines", "list"],
    "second task": [
        "i||| Also, write a haiku about autumn leaves.",
        "i||| Then name three rivers in Africa.",
        "i|||\n2. Translate 'good morning' into Spanish.",
        "i|||; additionally, suggest a good name for a pet parrot.",
        "i||| After that, calculate 17 times 23.",
        "i||| In addition, explain how photosynthesis works.",
        "i||| And then describe a sunset over mountains.",
        "i||| Next, list five types of cheese.",
        "i||| Task 2: Describe how bread is baked.",
        "i||| Finally, create a slogan for a toothpaste brand.",
        "i||| Separately, tell me who painted Guernica.",
        "i||| What is the capital of Mongolia?",
        "i|||\n\nSuggest a vegetarian recipe for dinner.",
        "i||| Second task: compose a limerick about frogs.",
    ],
    "prompt remnants": [
        "o|||\n\n### Instruction:\nName a fruit.",
        "o|||\n###\n7. Instruction: Describe a cat",
        "o|||\n\n### Input:\n<noinput>",
        "o|||\n\nInstruction: Write a joke.\nOutput: Knock knock.",
        "o|||\n\nUser: Thanks! Can you also name a bird?\nAssistant: A robin.",
        "o|||<|endoftext|>",
        "o|||\n\nHuman: What about dogs?",
        "o||| [INST] Write a poem [/INST]",
        "o|||\n<|im_end|>\n<|im_start|>user\nhi",
        "o|||\n###",
        "o|||</s>",
        "o|||\n\nTask 5: List three planets.",
        "o|||\n\n8. Instruction: Find the odd one out\n8. Input:\n<noinput>",
        "o|||\n\n### Response:\nYes.",
        "o|||\nInput: the sky\nOutput: blue",
        "o|||\n\nQuestion 2: What is a noun?\nAnswer: A name.",
    ],
    "missing image": [
        "Describe what you see in this picture.||||||Two people walk along a beach at dusk.",
        "Count the people in the attached photo.||||||There are five people.",
        "What breed is the dog in the image?||||||It is a beagle.",
        "Write a caption for the following photograph.||||||A day to remember!",
        "Look at the chart below and name the highest bar.||||||The highest bar is June.",
        "Transcribe the following audio recording.||||||Hello and welcome to the show.",
        "Summarize the video shown above.||||||The video shows how to bake bread.",
        "Identify the plant in the given picture.||||||It is a fern.",
        "Explain the trend in the graph above.||||||Sales rise until March.",
        "Based on the screenshot, what is wrong with the settings?||||||The volume is muted.",
        "What does this diagram illustrate?||||||It shows the water cycle.",
        "Name the landmark in the uploaded image.||||||It is the Eiffel Tower.",
        "Read the map provided and find the shortest way.|||map.png|||Take the second left.",
        "Tell me the colors used in this painting.||||||Blue and gold.",
    ],
    "missing file or link": [
        "Summarize the attached document.||||||The document is about trade.",
        "Read the article at the link and give its main point.|||https://news.example.org/story/41|||It is about elections.",
        "Outline the key points of the following web page.|||www.cityreport.net/budget-2022|||Taxes rise and schools gain.",
        "Open the enclosed spreadsheet and add up column B.||||||The total is 514.",
        "Proofread the file I uploaded.||||||It has two typos.",
        "Extract the dates from the attached PDF.|||invoice_2021.pdf|||3 May and 9 June.",
        "What does the author argue in this post?|||https://blog.somewhere.io/why-cities-grow|||That cities grow by trade.",
        "Clean the data in the following CSV file.|||sales.csv|||The duplicates are gone.",
        "Click the link below and summarize what you find.||||||It is a news site.",
        "Please find attached my resume and suggest improvements.||||||Make it shorter.",
        "Review the report in the attachment and rate it.||||||It is well written.",
        "Tell me what the website says about refunds.|||http://shop.example.net/refunds|||Refunds take ten days.",
        "Translate the text in the document provided.|||letter.docx|||Dear friend, I miss you.",
        "Watch the clip and describe the plot.|||https://youtu.be/dQw4w9WgXcQ|||A man sings and dances.",
    ],
    "output shows what is not there": [
        "As shown in the image above, it is easy.",
        "See the attached file for details.",
        "![diagram](https://img.host/x.png)",
        "The chart below shows the results.",
        "[Image: a red bicycle]",
        "Please refer to the figure above.",
        "As you can see in the picture below, it works.",
        "I have attached a document with more.",
        "Click here to read more.",
        "Visit this link for the full list: bit.ly/3xYz.",
        '<img src="photo.jpg">',
        "For more, see the video above.",
    ],
    "wrong arithmetic": [
        "What is {A} + {B}?||||||{A} + {B} = !+",
        "Calculate {A} - {B}.||||||The answer is !-.",
        "Multiply {A} by {B}.||||||!*",
        "What is {C} divided by {B}?||||||{C} ÷ {B} = !/",
        "Find the product of {A} and {B}.||||||The product of {A} and {B} is !*.",
        "Sally has {A} apples and buys {B} more. How many does she have?||||||She has {A} + {B} = !+ apples.",
        "What is {B}% of {D}?||||||{B}% of {D} is !%.",
        "||||||In total that makes {A} x {B} = !*.",
        "Add the numbers.|||{A}, {B}|||The sum is !+.",
        "Compute the sum of {A} and {B}.||||||The sum is !+.",
        "||||||Note that {A} times {B} is !*.",
        "How much is {A} minus {B}?||||||{A} minus {B} equals !-.",
        "Evaluate the expression {A} * {B}.||||||!*",
        "A shelf holds {B} books. How many books do {A} shelves hold?||||||{A} shelves × {B} books = !* books",
        "||||||(The total cost is ${A} + ${B} = $!+.)",
        "Solve: {C} / {B}||||||{C}/{B} = !/",
    ],
    "wrong language": [
        "Translate the sentence into French.|||I will see you at the station tomorrow.|||I'm going to see you at the station tomorrow.",
        "Write a short poem in Spanish about the sea.||||||The sea is blue and wide and free, it sings its quiet song to me.",
        "Translate to German: The children are playing in the garden.||||||The children are playing in the garden right now.",
        "Respond in Italian: how do you make tea?||||||First boil the water, then add the leaves and wait for a few minutes.",
        "Describe your morning in Portuguese.||||||I get up at seven, drink coffee and walk to work through the park.",
        "Translate the following to English.|||Ich habe heute keine Zeit.|||Ich habe heute leider gar keine Zeit.",
        "How do plants grow?||||||Las plantas crecen gracias a la luz del sol, el agua y los nutrientes que toman de la tierra.",
        "Explain why the sky is blue.||||||Le ciel est bleu parce que les molécules de l'air diffusent davantage la lumière bleue.",
        "Name three healthy habits.||||||Trinken Sie viel Wasser, schlafen Sie genug und bewegen Sie sich jeden Tag an der frischen Luft.",
        "Give advice to a new teacher.||||||Будьте терпеливы и слушайте своих учеников каждый день.",
        "Write a sentence in Japanese about rain.||||||It rained all day and I stayed at home.",
        "Convert this sentence to Dutch.|||We are going home after dinner.|||After dinner, we are going back home.",
    ],
    "wrong notation": [
        "Return the data as JSON.|||Ann is 31 and lives in Oslo.|||Ann is 31 years old and lives in Oslo.",
        "Give the answer in JSON format.|||Book: Dune, Author: Herbert|||{title: Dune, author: Herbert}",
        "Format the list as a markdown table.|||apple red, banana yellow|||Apple is red and banana is yellow.",
        "Answer in bullet points: why is sleep important?||||||Sleep is important since it lets the body rest and the mind learn.",
        "Create an HTML list of three colors.||||||Red, green and blue.",
        "Write the steps as a numbered list.|||How to make tea|||Boil water, add the tea, and wait for four minutes.",
        "Convert the record to XML.|||name: Bob, age: 9|||The name is Bob and the age is 9.",
        "Write your answer in all capital letters: what is the largest ocean?||||||The largest ocean is the Pacific Ocean.",
        "Write an SQL query that counts the users.||||||Count all of the users in the table of users.",
        "Output the numbers as CSV.|||one two three|||The numbers are one two three.",
        'Produce valid JSON for a person with a name and an age.||||||{"name": "Eve", "age": 30',
        "Give the result as YAML.|||host db, port 5432|||The host is db and the port is 5432.",
    ],
    "wrong programming language": [
        "Write a Python function that adds two numbers.||||||function add(a, b) {\n  return a + b;\n}",
        "Create a JavaScript function that reverses a string.||||||def reverse(text):\n    return text[::-1]",
        "Write a Java program that prints hello.||||||print('hello')",
        "Implement bubble sort in C++.||||||def bubble_sort(items):\n    for i in items:\n        pass",
        "Give a Python script that reads a file.||||||```java\npublic class Main {\n  public static void main(String[] a) {}\n}\n```",
        "Write code in Python to print the numbers from 1 to 5.||||||for (let i = 1; i <= 5; i++) {\n  console.log(i);\n}",
        "Write a program in Java that adds numbers.||||||```python\nprint(1 + 2)\n```",
        "Write a Ruby method that doubles a number.||||||function twice(n) { return 2 * n; }",
    ],
    "wrong number of items": [
        "List five fruits.||||||1. Apple\n2. Pear\n3. Plum",
        "Name three capitals in Europe.||||||1. Paris\n2. Rome\n3. Oslo\n4. Bern\n5. Riga",
        "Give four tips for better sleep.||||||- Go to bed early\n- Avoid coffee",
        "Suggest 10 names for a cat.||||||1. Milo\n2. Luna\n3. Felix\n4. Nala",
        "Provide six examples of mammals.||||||1. Dog\n2. Cat\n3. Whale\n4. Bat",
        "Generate 3 ideas for a party.||||||* Karaoke\n* Picnic\n* Quiz\n* Dance\n* Movie night",
        "Come up with five questions for an interview.||||||1. Who are you?\n2. What do you like?",
        "Write down two advantages of trains.||||||1. Fast\n2. Clean\n3. Cheap\n4. Safe",
    ],
    "wrong length": [
        "Describe the ocean in one sentence.||||||The ocean is vast. It covers most of the planet. Many creatures live in it. It is salty.",
        "Answer in one word: what color is grass?||||||The color of the grass is usually green in spring.",
        "Summarize the plot of Hamlet in two sentences.||||||Hamlet sees a ghost. He doubts. He stages a play. He kills Polonius. All die.",
        "Write a paragraph of exactly three sentences about snow.||||||Snow is white.",
        "Explain gravity in 20 words.||||||Gravity is the force by which masses pull at each other, and it grows with the mass of each and falls with the square of the distance between the two of them, which is why the moon stays with the earth.",
        "In one word, name the opposite of cold.||||||The opposite of cold would be the word hot of course.",
        "Write a 100-word story about a fox.||||||A fox ran away.",
        "Using a single sentence, explain what a bank does.||||||A bank keeps money. It also lends it. People pay interest.",
    ],
    "neither yes nor no": [
        "Answer yes or no: is the earth round?||||||The earth is round.",
        "Is a whale a fish? Respond with yes or no.||||||A whale is a mammal.",
        "True or false: water boils at 50 degrees at sea level.||||||Water boils at 100 degrees.",
        "Say yes or no: can penguins fly?||||||Penguins swim well.",
    ],
    "key or token": [
        'api_key = "%%##%%#%%###%%%%#%%%##%%"',
        "My OpenAI key is sk-%%#%%%###%%%%##%%%%#%%%%%#%%%%%%##%%%%%%%%#%%.",
        "AKIAIOSFODNN7ABCD%#E",
        "Authorization: Bearer %%##%%%#%%%.%%%##%%%%%#%%%.%%%#%%%%##",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow%%%##%%",
        "export GITHUB_TOKEN=ghp_%%%##%%%%##%%%%#%%%%%%#%%%%%##%%%%%%",
        "The secret token is %%#%%##%%%%#%%%##%%%%#.",
        "client_secret: '%%#%%%###%%%%#%%%%##%%'",
        "aws_secret_access_key=%%#%%%/##%%%%+%%%##%%%%#%%%%##%%%%%#%%%%",
        "postgres://admin:%%#%%##!@db.corp.net:5432/prod",
        "Use access token xoxb-########-##########-%%%%#%%%%#%%",
        "STRIPE_KEY=sk_live_%%#%%%##%%%%#%%%%##%%%%#",
    ],
    "password": [
        "My password is %%%%##!%%.",
        "Password: %%##%%$%%",
        "Log in as root with the password '%%%#%%%##'.",
        "The wifi password is %%%%%##%%.",
        "pwd=%%##%%%!",
        "Username: kate, password: %%%##%%",
        "passcode is ####",
        "PIN: ####",
        'password = "%%%%##%%!"',
        "login: bob / pass: %%##%%%?",
    ],
    "payment card": [
        "My card number is *.",
        "Please charge *.",
        "Card: *, exp 09/27, CVV 311",
        "Visa * is on file.",
        "credit card no. *",
        "He paid with *.",
    ],
    "personal number": [
        "Her SSN is ###-5#-####.",
        "Social security number: 4##-1#-####",
        "Passport number: X#######",
        "My account number is ##########.",
        "IBAN: DE89370400440532013000",
        "Date of birth: 03/1#/198#",
        "Driver's license: D###-####-####",
        "DOB 1#/0#/197#",
        "Tax ID: ###-##-####",
        "Patient ID: ########",
        "Pay to GB29 NWBK 6016 1331 9268 19.",
        "bank account no. ######## sort code ##-##-##",
    ],
    "telephone number": [
        "Call me at (415) 2##-####.",
        "My phone number is 212-7##-####.",
        "Reach her on +44 20 79## ####.",
        "Tel: +1 650 25# ####",
        "WhatsApp +49 151 2345 6###",
        "Text 312.4##.#### for more.",
        "mobile: 07700 9#####",
        "You can phone him under +33 6 12 34 56 7#.",
        "Dial 1-617-4##-#### and ask for Tom.",
        "contact: +91 98765 432##",
    ],
    "e-mail address": [
        "Write to jane.miller##@gmail.com.",
        "My e-mail is tkowalski@uni-bonn.de.",
        "Contact r.garcia@outlook.com for more.",
        "email: peter.%%%%%@yahoo.co.uk",
        "Reach me at kim_lee##@hotmail.com",
        "<anna.schmidt@web.de>",
        "Send it to d.brown@harrisonlaw.com, please.",
        "jsmith (at) proton (dot) com",
    ],
    "postal address": [
        "I live at 1### Maple Street, Springfield, IL 627##.",
        "Her address is 4## West Oak Avenue, Apt 3, Austin, TX 787##.",
        "Ship it to 77 Rose Lane, Portland, OR 972##.",
        "He resides at 19 Hill Road, Denver, CO 802##.",
        "Home address: 8## Lake Drive",
        "Deliver to 221 Pine Court, Reno, NV 895##",
    ],
    "mojibake": ["cp1252>utf-8", "latin-1>utf-8", "cp1250>utf-8", "macroman>utf-8", "cp437>utf-8", "cp1251>utf-8"],
    "control character": [
        "\\x00",
        "\\x07",
        "\\ufffd",
        "\\x1b",
        "\\x08",
        "\\x0b",
        "\\x7f",
        "\\x9d",
        "\\ufeff",
        "\\u202e",
        "\\ue000",
        "\\x85",
    ],
    "escapes": [
        "newline",
        "unicode",
        "question",
        "url",
        "caf\\u00e9 is French.",
        "quoted",
        "It was na\\xefve.",
        "double",
        "The soup\\tis hot.",
        "It cost 5 \\u20ac.",
        "&#x27;",
        "A smile \\ud83d\\ude00 says it.",
        "He left.\\nShe stayed.",
        "Hello%2C%20world%21",
    ],
    "markup": [
        "paragraphs",
        "breaks",
        "entities",
        "<b>*</b>",
        '<span style="color:red">*</span>',
        "*&nbsp;",
        "<div>*</div>",
        "<em>*</em>",
        '<a href="/x">*</a>',
        "&lt;*&gt;",
        "[b]*[/b]",
        "<strong>*</strong>",
    ],
}
