/**
 * Six questions, each with its answer in a sentence.
 *
 * @module
 */

import { answerQuestions } from "../../analysis/questions.ts";
import { html } from "../html.ts";
import { type Section, titled } from "../section.ts";

const MARK = { good: "✓", bad: "!", unknown: "–" };

/** Questions and answers. */
export const questions: Section = ({ analysis }) =>
  titled(
    "questions",
    "In short",
    html`<dl class="answers">${
      answerQuestions(analysis).map(({ question, answer, mood }) =>
        html`
          <div class="a-${mood}">
            <dt>${question}</dt>
            <dd><span>${MARK[mood]}</span> ${answer}</dd>
          </div>
        `
      )
    }</dl>`,
  );
