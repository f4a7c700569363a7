/** The page's own words. Elements name theirs by data-t…, so they can change language in place. */

let strings = {};
let languageTag = "en";

const ATTRIBUTES = { tLabel: "aria-label", tPlaceholder: "placeholder", tTitle: "title" };
const SELECTOR = "[data-t], [data-t-label], [data-t-placeholder], [data-t-title]";

export function useStrings(newStrings, tag) {
  strings = newStrings;
  languageTag = tag;
}

export function language() {
  return languageTag;
}

export function t(key, params = {}) {
  let sentence = strings[key] ?? key;
  for (const [name, value] of Object.entries(params)) {
    sentence = sentence.replace(`{${name}}`, value);
  }
  return sentence;
}

/** Say (or say again, in a new language) what an element and everything in it names. */
export function translate(root) {
  const places = [...root.querySelectorAll(SELECTOR)];
  if (root instanceof Element) places.push(root);
  for (const place of places) {
    if (place.dataset.t) place.textContent = t(place.dataset.t);
    for (const [key, attribute] of Object.entries(ATTRIBUTES)) {
      if (place.dataset[key]) place.setAttribute(attribute, t(place.dataset[key]));
    }
  }
  return root;
}

export async function changeLanguage(code) {
  const response = await fetch(`/api/strings/${code}`);
  if (!response.ok) throw new Error(`no strings for ${code}`);
  const answer = await response.json();
  useStrings(answer.strings, code);
  document.cookie = `babelpix_language=${code}; path=/; max-age=31536000; samesite=strict`;
  document.documentElement.lang = code;
  document.documentElement.dir = answer.dir;
  translate(document);
}

export function formatNumber(value, options = {}) {
  return new Intl.NumberFormat(languageTag, options).format(value);
}

export function formatDate(iso) {
  return new Intl.DateTimeFormat(languageTag, { dateStyle: "long", timeStyle: "short" }).format(new Date(iso));
}

export function formatSize(bytes) {
  const big = bytes >= 2 ** 20;
  const value = big ? bytes / 2 ** 20 : Math.max(1, Math.round(bytes / 2 ** 10));
  return formatNumber(value, {
    style: "unit", unit: big ? "megabyte" : "kilobyte", maximumSignificantDigits: 3,
  });
}
