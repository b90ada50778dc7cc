const NAMESPACES: Record<string, string> = { email: 'email', sms: 'phone', whatsapp: 'phone' };

/** Which namespace holds the addresses of a channel. */
export const namespaceOf = (channel: string): string => NAMESPACES[channel] ?? channel;
