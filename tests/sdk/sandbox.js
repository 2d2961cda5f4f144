"use strict";
// What every file of rows needs: clients of the sandbox under test, and the sandbox's own controls.

const sdk = require("@adobe/acc-js-sdk");

const url = process.env.SANDBOX_URL;
if (!url) throw new Error("SANDBOX_URL is not set: run these tests through `python -m tests.sdk.run`");

/** Ask the sandbox's IMS for a token of the client `sandbox`. */
async function imsToken() {
  const form = new URLSearchParams({
    grant_type: "client_credentials", client_id: "sandbox", client_secret: "sandbox", scope: "openid",
  });
  const answer = await fetch(`${url}/ims/token/v3`, { method: "POST", body: form });
  return (await answer.json()).access_token;
}

/** Log on as the operator `admin`, by password. */
async function connect(options = {}) {
  const client = await sdk.init(sdk.ConnectionParameters.ofUserAndPassword(url, "admin", "admin", options));
  await client.NLWS.xtkSession.logon();
  return client;
}

/** Use one of the sandbox's own controls, such as `expire-tokens`. */
async function control(name, body = {}) {
  const answer = await fetch(`${url}/_sandbox/${name}`, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
}

/** Run a query given as JSON. */
async function query(client, definition) {
  return client.NLWS.xtkQueryDef.create(definition).executeQuery();
}

let made = 0;
/** Make a name that no other test uses. */
function unique(prefix) {
  made += 1;
  return `${prefix}-${process.pid}-${made}`;
}

/** Give the exception of a promise that must fail. */
async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("the call should have failed");
}

module.exports = { sdk, url, imsToken, connect, control, query, unique, failure };
