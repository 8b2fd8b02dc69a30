"""The pages and the script of the fake Google."""

from __future__ import annotations

from string import Template

STYLE = """<meta name="viewport" content="width=device-width">
<style>body { font: 16px sans-serif; margin: 2rem } pre { white-space: pre-wrap }
form { display: grid; gap: .5rem } button, input { font: inherit; padding: .5rem }
pre, code { overflow-wrap: anywhere }</style>"""

CLIENT_PAGE = Template(
    f"""<!doctype html><html lang="en"><title>A web client in small</title>{STYLE}
<h1>A web client in small</h1>
<p><label>The service <input id="service" value="http://127.0.0.1:5000"></label></p>
<div id="button"></div>
<pre id="answer"></pre>
<script src="/gsi/client"></script>
<script>
google.accounts.id.initialize({{
  client_id: "$client_id",
  callback: async ({{ credential }}) => {{
    const url = document.getElementById("service").value + "/api/auth/google";
    const answer = document.getElementById("answer");
    try {{
      const response = await fetch(url, {{
        method: "POST",
        credentials: "include",
        headers: {{ "Content-Type": "application/json" }},
        body: JSON.stringify({{ token: credential }}),
      }});
      const body = JSON.stringify(await response.json(), null, 2);
      answer.textContent = response.status + "\\n" + body;
    }} catch (error) {{
      answer.textContent = error + "\\nIs the service there, and this page's address "
        + "among its CLIENT_ORIGINS?";
    }}
  }},
}});
google.accounts.id.renderButton(document.getElementById("button"));
</script></html>"""
)

CHOOSER_PAGE = Template(
    f"""<!doctype html><html lang="en"><title>Choose an account</title>{STYLE}
<h1>Choose an account</h1>
<p>This is not Google. Nobody here exists.</p>
$choices</html>"""
)

DONE_PAGE = Template(
    f"""<!doctype html><html lang="en"><title>Signed in</title>{STYLE}
<p>The ID token, good for ten minutes:</p>
<p><code>$token</code></p>
<script>
if (opener && $origin) {{
  opener.postMessage($message, $origin);
  close();
}}
</script></html>"""
)

# Google's script, as far as a page can tell: the button opens the chooser, and nothing
# opens by itself. One Tap is not shown, as where nobody is signed in to Google.
GSI_CLIENT = Template(
    """"use strict";
window.google = window.google || {};
google.accounts = { id: (() => {
  let config = {};
  const hidden = {
    getMomentType: () => "display",
    isDisplayMoment: () => true,
    isDisplayed: () => false,
    isNotDisplayed: () => true,
    getNotDisplayedReason: () => "opt_out_or_no_session",
    isSkippedMoment: () => false,
    getSkippedReason: () => undefined,
    isDismissedMoment: () => false,
    getDismissedReason: () => undefined,
  };
  const choose = () => {
    const query = new URLSearchParams(
      { client_id: config.client_id, origin: location.origin });
    open("$google/chooser?" + query, "chooser", "width=480,height=480");
  };
  addEventListener("message", ({ origin, data }) => {
    if (origin === "$google" && data.credential && config.callback) {
      config.callback({ ...data, select_by: "btn", clientId: config.client_id });
    }
  });
  return {
    initialize: (given) => { config = given || {}; },
    prompt: (listener) => { if (listener) setTimeout(() => listener(hidden)); },
    cancel: () => {},
    disableAutoSelect: () => {},
    storeCredential: (credential, done) => { if (done) setTimeout(done); },
    revoke: (hint, done) => {
      if (done) setTimeout(() => done({ successful: true, error: "" }));
    },
    renderButton: (parent, options, clicked) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Sign in with Google";
      button.addEventListener("click", () => {
        if (options && options.click_listener) options.click_listener();
        if (clicked) clicked();
        choose();
      });
      parent.replaceChildren(button);
    },
  };
})() };
if (window.onGoogleLibraryLoad) window.onGoogleLibraryLoad();
"""
)
