// Two pages: sign up, talk in general; the server is killed and started by the test that runs this, and the talk goes on. A reload
// shows it all again, with who joined; a draft waits in the list of rooms.
const readline = require('readline');
const { chromium } = require('playwright-core');
const [url, executablePath] = process.argv.slice(2);
const input = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const id = (page, name) => page.locator(`[data-testid="${name}"]`);
const stamp = Date.now() % 100000000;

async function signUp(browser, name) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => { if (/Content Security Policy|Trusted/.test(message.text())) problems.push(message.text()); });
  await page.goto(url);
  await id(page, 'auth-toggle').click();
  await id(page, 'auth-username').fill(name);
  await id(page, 'auth-password').fill('correct horse battery');
  await id(page, 'auth-submit').click();
  await id(page, 'room-item').first().waitFor({ timeout: 15000 });
  return { page, problems };
}

async function say(page, text) {
  await id(page, 'composer-input').fill(text);
  await id(page, 'composer-input').press('Enter');
}

async function sees(page, text, timeout = 20000) {
  await id(page, 'message-text').filter({ hasText: text }).first().waitFor({ timeout });
}

async function ask(what) {
  console.log(what);
  await input.next();
}

async function main() {
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
  const ann = await signUp(browser, `ann${stamp}`);
  const bob = await signUp(browser, `bob${stamp}`);
  for (const { page } of [ann, bob]) {
    await id(page, 'room-item').filter({ hasText: 'general' }).first().click();
    await id(page, 'composer-input').waitFor();
  }
  await say(ann.page, 'Hello Bob');
  await sees(bob.page, 'Hello Bob');
  await say(bob.page, '<b>Hello</b> Ann & all');
  await sees(ann.page, '<b>Hello</b> Ann & all');

  await ask('kill the server');
  await ann.page.locator('[data-testid="connection-banner"]:not([data-state="online"])').waitFor({ state: 'attached', timeout: 20000 });
  await say(ann.page, 'written while the server was away');
  await ask('start the server');
  await sees(bob.page, 'written while the server was away', 60000);
  const copies = await id(bob.page, 'message-text').filter({ hasText: 'written while the server was away' }).count();
  if (copies !== 1) throw new Error(`${copies} copies of one message`);
  await sees(bob.page, 'Hello Bob');
  await say(bob.page, 'and we are back');
  await sees(ann.page, 'and we are back');

  await ann.page.reload();
  await sees(ann.page, 'and we are back');
  await id(ann.page, 'notice').filter({ hasText: 'joined' }).first().waitFor({ timeout: 20000 });

  // What was begun is in the list, and a search that begins there is one of all rooms.
  await id(ann.page, 'composer-input').fill('begun and left');
  await id(ann.page, 'search').click();
  await ann.page.getByLabel('All rooms').and(ann.page.locator(':checked')).waitFor({ state: 'attached' });
  await ann.page.evaluate(() => { location.hash = '#/'; });
  await id(ann.page, 'room-item').filter({ hasText: 'Draft begun and left' }).first().waitFor();

  const problems = [...ann.problems, ...bob.problems];
  if (problems.length) throw new Error(problems.join('\n'));
  await browser.close();
  console.log('done');
  process.exit(0);
}

main().catch((error) => {
  console.log(error.stack || String(error));
  process.exit(1);
});
