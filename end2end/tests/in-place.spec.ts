import { ACCOUNT, expect, test } from '../support/fixtures';
import { hold } from '../support/hold';
import { addBackedUpProject, addCredential, POLICY, rightKeys } from '../support/prepare';
import { closedEndpoint } from '../support/s3';

const RARELY = { period: 'Custom', expression: '0 0 29 2 *' };

test('a failed form keeps everything, secrets too', async ({ partner, s3, faults }) => {
  faults.expect(/ERR_INTERNET_DISCONNECTED/);
  const { page, credentials } = partner;
  await credentials.open();
  const dialog = await credentials.openAddDialog();
  const right = rightKeys(s3);
  await credentials.send({ ...right, endpoint: await closedEndpoint() });
  await dialog.expectErrorAt('S3 Endpoint', /does not accept connections/);
  await dialog.expectValues({ 'S3 Name': right.name, 'S3 Secret Key': right.secretKey });

  await test.step('while the server cannot be reached', async () => {
    await page.context().setOffline(true);
    await dialog.fill({ 'S3 Endpoint': right.endpoint });
    await dialog.press('Add');
    await expect(dialog.alert).toContainText('The server cannot be reached');
    await expect(dialog.alert).toBeFocused();
    await dialog.expectValues({ 'S3 Name': right.name, 'S3 Secret Key': right.secretKey });
    await page.context().setOffline(false);
  });

  await test.step('after the session has ended', async () => {
    const { cookies } = await page.context().storageState();
    await page.context().clearCookies();
    await dialog.press('Add');
    await expect(dialog.alert).toContainText('Your session has ended');
    await dialog.expectValues({ 'S3 Name': right.name, 'S3 Secret Key': right.secretKey });
    await page.context().addCookies(cookies);
  });

  await dialog.press('Add');
  await expect(credentials.notice).toContainText(`Backup credential ${right.name} added`);
  await credentials.expectNoDialog();
  await expect(credentials.row(right.name)).toBeVisible();
});

test('what moves elsewhere disturbs nobody who is typing', async ({ partner, another, s3, folders }) => {
  test.setTimeout(120_000);
  const { page, policies } = partner;
  const project = await addBackedUpProject(partner, s3, folders);
  await policies.open(project, 'Schedules');
  await policies.add({ name: POLICY, ...RARELY });
  const dialog = await policies.openAddDialog();
  await dialog.fill({ Name: 'half', 'Retention Period': '12' });
  await expect(dialog.field('Retention Period')).toBeFocused();

  const other = await another();
  await other.login.open();
  await other.login.signIn(ACCOUNT.email, ACCOUNT.password);
  await other.dashboard.expectShown();
  await other.policies.open(project, 'Schedules');
  await other.policies.add({ name: 'another', ...RARELY });
  const backup = await other.policies.runNow('another');
  await other.policies.expectPhase(backup, 'Completed');

  // The list behind the dialog follows.
  await expect(page.locator('tr', { hasText: 'another' })).toContainText('Completed', { timeout: 40_000 });
  await dialog.expectValues({ Name: 'half', 'Retention Period': '12' });
  await expect(dialog.field('Retention Period')).toBeFocused();
  await policies.expectAddress(/dialog=add/);

  await dialog.fill({ Name: 'whole', 'Retention Period': '12h' });
  await dialog.press('Add');
  await expect(policies.notice).toContainText('Policy whole added');
});

test('what is announced goes after a while, however often the page looks again', async ({ partner, s3, folders }) => {
  const { page, policies } = partner;
  const project = await addBackedUpProject(partner, s3, folders);
  // A connection that ends at once is made again every few seconds, and each time the page looks.
  await page.route('**/events', (route) => route.fulfill({ contentType: 'text/event-stream', body: 'data: 1\n\n' }));
  await policies.open(project, 'Schedules');
  let looks = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/api/policies/list')) looks += 1;
  });
  await policies.add({ name: POLICY, ...RARELY });
  await expect(policies.notice).toBeEmpty({ timeout: 11_000 });
  expect(looks).toBeGreaterThan(1);
});

test('the keyboard stays where it is', async ({ partner, s3 }) => {
  const { page, credentials } = partner;
  await addCredential(partner, s3);
  await credentials.open();
  const expand = credentials.button('Expand');
  await expand.focus();
  await page.keyboard.press('Enter');
  await expect(credentials.button('Collapse')).toBeFocused();
  const lock = credentials.button('Lock Credential');
  await lock.focus();
  await page.keyboard.press('Enter');
  await expect(credentials.notice).toContainText('locked');
  // Not on another button, which a second press would set off.
  await expect(page.locator('.detail :focus')).toHaveCount(1);
  await expect(page.locator('.detail button:focus')).toHaveCount(0);
});

test('where somebody goes on meanwhile, the answer does not lead back', async ({ partner, s3 }) => {
  const { page, credentials, projects } = partner;
  await addCredential(partner, s3);
  await credentials.open();
  await credentials.button('Expand').click();
  const answer = await hold(page, '**/api/credentials/lock');
  await credentials.button('Lock Credential').click();
  await expect(credentials.button('Locking…')).toBeDisabled();
  await projects.navigation('Projects').click();
  await expect(projects.heading('Projects')).toBeVisible();
  answer();
  await expect(projects.notice).toContainText('locked');
  await expect(projects.heading('Projects')).toBeVisible();
  await projects.expectAddress(/\/projects$/);
});
