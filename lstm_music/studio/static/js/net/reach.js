/**
 * The one way to the server. A page without a server has another file in this one's place
 * (docs/browser.md).
 * @param {string} path
 * @param {RequestInit} [init]
 */
export const reach = (path, init) => fetch(path, init);
