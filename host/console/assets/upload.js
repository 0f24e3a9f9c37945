// Says how far a file is on its way: its bytes are read as they come in, so what was sent was read. Without this
// script the form is sent as any other, and the list of files tells how far it is.
"use strict";
(() => {
  const watch = (form) => {
    const file = form.elements.file;
    file.addEventListener("change", () => { form.elements.size.value = file.files[0] ? file.files[0].size : ""; });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const said = document.createElement("p");
      said.className = "busy";
      said.setAttribute("role", "status");
      const bar = document.createElement("progress");
      bar.setAttribute("aria-hidden", "true");
      const words = document.createElement("span");
      words.textContent = form.dataset.upload;
      const share = document.createElement("span");
      share.setAttribute("aria-hidden", "true");
      said.append(bar, words, share);
      form.append(said);
      const button = form.querySelector("button");
      button.disabled = true;
      form.setAttribute("aria-busy", "true");
      const sent = new XMLHttpRequest();
      sent.open("POST", form.action);
      sent.setRequestHeader("accept", "text/html");
      sent.upload.addEventListener("progress", (told) => {
        if (!told.lengthComputable) return;
        bar.max = told.total;
        bar.value = told.loaded;
        share.textContent = `${Math.floor((told.loaded / told.total) * 100)} %`;
      });
      sent.upload.addEventListener("load", () => {
        words.textContent = form.dataset.reading;
        bar.removeAttribute("value");
        share.textContent = "";
      });
      const plainly = () => { said.remove(); button.disabled = false; form.removeAttribute("aria-busy"); form.submit(); };
      sent.addEventListener("load", () => {
        if (sent.status === 200) { location.assign(sent.responseURL); return; }
        // What is wrong with the form stands on the page that came back; the file has to be chosen again.
        const page = new DOMParser().parseFromString(sent.responseText, "text/html");
        const main = page.getElementById("main");
        if (!main) { location.reload(); return; }
        document.getElementById("main").replaceWith(document.adoptNode(main));
        const trouble = document.getElementById("trouble");
        if (trouble) { trouble.tabIndex = -1; trouble.focus(); }
        const again = document.querySelector("form[data-upload]");
        if (again) watch(again);
      });
      sent.addEventListener("error", plainly);
      sent.send(new FormData(form));
    });
  };
  const first = document.querySelector("form[data-upload]");
  if (first) watch(first);
})();
