import { csvRecord } from './csv';

describe('csvRecord', () => {
  it('quotes what RFC 4180 asks for and tells nothing from an empty text', () => {
    expect(csvRecord(['a', 'b,c', 'say "hi"', 'two\nlines', 'cr\r', null, undefined, '', ' '])).toBe(
      'a,"b,c","say ""hi""","two\nlines","cr\r",,,"", \r\n',
    );
  });

  it('writes numbers, booleans, times, lists and objects', () => {
    expect(csvRecord([1.5, -2, true, new Date(0), ['x', 'y'], { a: 1 }])).toBe(
      '1.5,-2,true,1970-01-01T00:00:00.000Z,"[""x"",""y""]","{""a"":1}"\r\n',
    );
  });

  it('disarms formulas in text only when asked', () => {
    const cells = ['=1+1', '+39 06', '-x', '@cmd', '\tx', '=a,"b"', -5, 'x=1'];
    expect(csvRecord(cells)).toBe('=1+1,+39 06,-x,@cmd,\tx,"=a,""b""",-5,x=1\r\n');
    expect(csvRecord(cells, true)).toBe(`'=1+1,'+39 06,'-x,'@cmd,'\tx,"'=a,""b""",-5,x=1\r\n`);
  });
});
