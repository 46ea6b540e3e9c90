// Signs in as Mira at three widths, opens a room, takes a picture of each. Called by tools/screenshots.
const { chromium } = require('playwright-core');
const [url, password, out] = process.argv.slice(2);
const id = (page, name) => page.locator(`[data-testid="${name}"]`);
const VIEWS = [
  { name: 'desktop', width: 1440, height: 900 },
  { name: 'desktop-dark', width: 1440, height: 900, colorScheme: 'dark' },
  { name: 'tablet', width: 820, height: 1100 },
  { name: 'phone', width: 390, height: 844, isMobile: true, hasTouch: true },
];

async function take(browser, view) {
  const { name, width, height, ...more } = view;
  const context = await browser.newContext({ viewport: { width, height }, locale: 'en-GB', ...more });
  const page = await context.newPage();
  await page.goto(url);
  await id(page, 'auth-username').fill('mira');
  await id(page, 'auth-password').fill(password);
  await id(page, 'auth-submit').click();
  await id(page, 'room-item').filter({ hasText: 'Harbour redesign' }).first().click();
  await id(page, 'message-text').filter({ hasText: 'Short one gets my vote' }).first().waitFor({ timeout: 15000 });
  await page.locator('.typing.is-on').waitFor({ timeout: 15000 });
  await page.waitForLoadState('networkidle').catch(() => {});
  await page.screenshot({ path: `${out}/${name}.png` });
  await context.close();
}

async function main() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  for (const view of VIEWS) {
    await take(browser, view);
  }
  await browser.close();
}

main().catch((error) => {
  console.error(error.stack || String(error));
  process.exit(1);
});
