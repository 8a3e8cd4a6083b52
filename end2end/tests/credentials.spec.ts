import { ACCOUNT, expect, test } from '../support/fixtures';
import { CREDENTIAL, PROJECT, rightKeys } from '../support/prepare';
import { answering, closedEndpoint } from '../support/s3';

test('the keys are checked before anything is stored', async ({ partner, s3, holdfast }) => {
  const { credentials } = partner;
  const right = rightKeys(s3);
  await credentials.open();
  await expect(credentials.page.getByText('No backup credentials yet')).toBeVisible();
  await credentials.link('Add your first credential').click();
  const dialog = credentials.addDialog;
  await expect(dialog.root).toBeVisible();

  await test.step('rules of the fields', async () => {
    await credentials.send({ name: 'ab', accessKeyId: 'a b', secretKey: '', endpoint: 'no address', region: '!' });
    await dialog.expectErrorAt('S3 Name', /needs 3 to 30 characters/);
    await dialog.expectErrorAt('S3 Access Key ID', /visible ASCII characters/);
    await dialog.expectErrorAt('S3 Secret Key', /required/);
    await dialog.expectErrorAt('S3 Endpoint', /must be an http or https address/);
    await dialog.expectErrorAt('S3 Region', /letters, digits/);
    await expect(dialog.field('S3 Name')).toBeFocused();
  });

  await test.step('wrong keys', async () => {
    await credentials.send({ ...right, secretKey: 'not the secret' });
    await expect(dialog.alert).toContainText('Invalid S3 credentials');
    await dialog.expectErrorAt('S3 Secret Key', /Invalid S3 credentials/);
    await dialog.expectValues({ 'S3 Name': right.name, 'S3 Access Key ID': right.accessKeyId });
    await dialog.expectValues({ 'S3 Endpoint': right.endpoint, 'S3 Region': right.region });
    await credentials.send({ ...right, accessKeyId: 'AKIDUNKNOWN' });
    await expect(dialog.alert).toContainText('Invalid S3 credentials');
  });

  await test.step('an endpoint that is none', async () => {
    await credentials.send({ ...right, endpoint: await closedEndpoint() });
    await dialog.expectErrorAt('S3 Endpoint', /does not accept connections/);
    await dialog.expectNoErrorAt('S3 Secret Key');
    await credentials.send({ ...right, endpoint: 'http://no-such-host.invalid' });
    await dialog.expectErrorAt('S3 Endpoint', /cannot be resolved/);
    await credentials.send({ ...right, endpoint: holdfast.url });
    await dialog.expectErrorAt('S3 Endpoint', /not as an S3 service/);
    await credentials.send({ ...right, endpoint: 'http://169.254.169.254' });
    await dialog.expectErrorAt('S3 Endpoint', /not allowed/);
  });

  await test.step('another region', async () => {
    const refusal =
      '<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region ' +
      "'us-east-1' is wrong; expecting 'eu-central-1'</Message><Region>eu-central-1</Region></Error>";
    await answering(400, refusal, async (endpoint) => {
      await credentials.send({ ...right, endpoint });
      await dialog.expectErrorAt('S3 Region', /eu-central-1/);
    });
  });

  await test.step('nothing was stored', async () => {
    await dialog.press('Cancel');
    await credentials.expectNoDialog();
    await credentials.open();
    await expect(credentials.page.getByText('No backup credentials yet')).toBeVisible();
  });

  await test.step('right keys', async () => {
    await credentials.add(right);
    const row = credentials.row(CREDENTIAL);
    await expect(row).toContainText('Default');
    await expect(credentials.cell(row, 'S3 Access Key ID')).toHaveText(right.accessKeyId);
    await expect(credentials.cell(row, 'S3 Endpoint')).toHaveText(right.endpoint);
    await expect(credentials.cell(row, 'Organization')).toHaveText(ACCOUNT.organization);
    expect(await credentials.page.content()).not.toContain(right.secretKey);
  });

  await test.step('the same name again, whatever the letter case', async () => {
    await credentials.openAddDialog();
    await credentials.send({ ...right, name: right.name.toUpperCase() });
    await dialog.expectErrorAt('S3 Name', /already/);
  });
});

test('a row expands to its details', async ({ partner, s3 }) => {
  const { credentials } = partner;
  await credentials.open();
  await credentials.add(rightKeys(s3));
  const details = credentials.page.locator('dl');
  await expect(details).toHaveCount(0);
  await credentials.button('Expand').click();
  for (const term of ['S3 Region', 'Created By', 'Created', 'Last Modified', 'Last Modified By']) {
    await expect(details.getByText(term, { exact: true })).toBeVisible();
  }
  await expect(details).toContainText('us-east-1');
  await expect(details).toContainText(ACCOUNT.email);
  await credentials.expectAddress(/expand=\d+/);
  await credentials.page.reload();
  await credentials.ready();
  await expect(details).toContainText('us-east-1');
  await credentials.button('Collapse').click();
  await expect(details).toHaveCount(0);
});

test('an AWS endpoint says its region', async ({ partner }) => {
  const { credentials } = partner;
  await credentials.open();
  const dialog = await credentials.openAddDialog();
  await dialog.fill({ 'S3 Endpoint': 'https://s3.eu-central-1.amazonaws.com' });
  await dialog.expectValues({ 'S3 Region': 'eu-central-1' });
  await expect(dialog.root.getByRole('link', { name: /AWS/ })).toHaveAttribute('href', /docs\.aws\.amazon\.com/);
});

test('search, sort and pages stand in the address', async ({ partner, s3 }) => {
  const { credentials, page: browser } = partner;
  await test.step('30 credentials', async () => {
    for (let number = 1; number <= 30; number += 1) {
      await credentials.addAtOnce({ ...rightKeys(s3), name: `Store ${String(number).padStart(2, '0')}` });
    }
  });
  await credentials.open();
  await expect(credentials.names).toHaveCount(25);
  for (const column of ['ID', 'Organization', 'S3 Access Key ID', 'S3 Endpoint', 'S3 Name', 'Associated Projects', 'Actions']) {
    await expect(credentials.column(column)).toBeVisible();
  }

  await test.step('pages', async () => {
    await credentials.link('Next').click();
    await credentials.expectAddress(/page=2/);
    await expect(credentials.names).toHaveCount(5);
    await browser.goBack();
    await expect(credentials.names).toHaveCount(25);
    await credentials.page.getByLabel('Per page').selectOption('50');
    await credentials.expectAddress(/per_page=50/);
    await expect(credentials.names).toHaveCount(30);
  });

  await test.step('sort', async () => {
    await credentials.sortBy('S3 Name');
    await expect(credentials.names.first()).toHaveText('Store 01');
    await credentials.sortBy('S3 Name');
    await expect(credentials.names.first()).toHaveText('Store 30');
    await expect(credentials.column('S3 Name')).toHaveAttribute('aria-sort', 'descending');
    await credentials.expectAddress(/sort=s3_name&desc=1/);
    await browser.goBack();
    await expect(credentials.names.first()).toHaveText('Store 01');
  });

  await test.step('search', async () => {
    await credentials.search.fill('store 2');
    await expect(credentials.names).toHaveCount(10);
    await credentials.expectAddress(/search=store%202/);
    await expect(credentials.search).toBeFocused();
    await browser.reload();
    await credentials.ready();
    await expect(credentials.names).toHaveCount(10);
    await expect(credentials.search).toHaveValue('store 2');
    await credentials.search.fill('nothing like this');
    await expect(browser.getByText('Nothing found')).toBeVisible();
    await credentials.link('Show all').click();
    await expect(credentials.names).toHaveCount(25);
  });
});

test('a credential links to the projects that use it', async ({ partner, s3, folders }) => {
  const { credentials, projects } = partner;
  await credentials.open();
  await credentials.add(rightKeys(s3));
  await projects.open();
  const project = await projects.add({ name: PROJECT, directory: folders.source, backup: true });
  await credentials.open();
  await expect(credentials.row(CREDENTIAL).getByRole('link', { name: PROJECT })).toHaveAttribute('href', `/projects/${project}`);
});
