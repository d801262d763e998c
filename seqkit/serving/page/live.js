// Work that follows what a person does: only the latest counts, and its state can be seen.

import { ApiError, Away, Unsent, isAbort } from "./api.js";
import { hush, say, write } from "./strings.js";

const DELAY = 250; // milliseconds without a keystroke

export class Live {
  /** @type {AbortController | null} */
  #running = null;
  /** @type {number | undefined} */
  #timer;
  /** @type {((signal: AbortSignal) => Promise<void>) | null} */
  #unanswered = null;

  /**
   * @param {HTMLElement} place is marked as busy
   * @param {HTMLElement} problem says what went wrong
   */
  constructor(place, problem) {
    this.place = place;
    this.problem = problem;
    document.addEventListener("server-back", () => {
      if (this.#unanswered) this.now(this.#unanswered);
    });
  }

  /**
   * Do `work` when the person pauses; what runs or waits is called off.
   * @param {(signal: AbortSignal) => Promise<void>} work
   */
  later(work) {
    this.stop();
    this.#timer = window.setTimeout(() => this.now(work), DELAY);
  }

  /**
   * Do `work` at once; what runs or waits is called off.
   * @param {(signal: AbortSignal) => Promise<void>} work
   */
  async now(work) {
    this.stop();
    const running = new AbortController();
    this.#running = running;
    this.place.setAttribute("aria-busy", "true");
    try {
      await work(running.signal);
    } catch (error) {
      if (running.signal.aborted || isAbort(error)) return;
      if (error instanceof Away) this.#unanswered = work;
      showProblem(this.problem, error);
    } finally {
      if (this.#running === running) this.place.removeAttribute("aria-busy");
    }
  }

  /** Call off what runs or waits, and take the problem of before away. */
  stop() {
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.#running = null;
    this.#unanswered = null;
    this.place.removeAttribute("aria-busy");
    hush(this.problem);
  }
}

/**
 * The server's own sentence, or ours where there is none.
 * @param {HTMLElement} place
 * @param {unknown} error
 */
export function showProblem(place, error) {
  if (error instanceof Away) {
    say(place, "problem.away");
  } else if (error instanceof ApiError) {
    write(place, error.message, "en");
  } else if (error instanceof Unsent) {
    say(place, error.key, error.values);
  } else {
    say(place, "problem.page", { what: String(error) });
    console.error(error);
  }
}
