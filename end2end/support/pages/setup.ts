import { expect } from '@playwright/test';

import { ConsolePage } from './console-page';
import { Form } from './form';

export interface Account {
  accountName: string;
  organization: string;
  email: string;
  password: string;
}

/** First run. */
export class SetupPage extends ConsolePage {
  get form(): Form {
    return new Form(this.page.getByRole('main'));
  }

  async open(): Promise<void> {
    await this.visit('/setup');
  }

  async createAccount({ accountName, organization, email, password }: Account): Promise<void> {
    await this.form.fill({ 'Account Name': accountName, Organization: organization, Email: email, Password: password });
    await this.form.press('Create Account');
  }

  /** Makes the account without looking at the page, for stories that begin later. */
  async createAccountAtOnce({ accountName, organization, email, password }: Account): Promise<void> {
    const form = {
      'form[account_name]': accountName,
      'form[organization]': organization,
      'form[email]': email,
      'form[password]': password,
    };
    const options = { form, headers: { accept: 'text/html' }, maxRedirects: 0 };
    const answer = await this.page.request.post('/api/session/set_up', options);
    expect(answer.headers()['location']).toBe('/');
  }
}
