// Passkeys need JavaScript and a browser that knows them: only then are the buttons shown. allauth's scripts do the rest.
"use strict";

(() => {
  const show = () => {
    if (!window.PublicKeyCredential) return;
    for (const element of document.querySelectorAll("[data-passkey]")) element.hidden = false;
  };
  document.addEventListener("DOMContentLoaded", show);
  if (document.readyState !== "loading") show();

  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();   // cancelled or refused by the device: an answer for the person, not for the console
    for (const element of document.querySelectorAll("[data-passkey-error]")) element.hidden = false;
  });
})();
