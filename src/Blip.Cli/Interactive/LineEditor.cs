using System.Globalization;
using System.Text;
using Blip.Cli.Terminals;

namespace Blip.Cli.Interactive;

/// <summary>
/// Edits a line as shells do: arrows, Home and End, history, Tab for what <paramref name="complete"/> finds, Ctrl+A, E, U, K, W, L. A
/// line that is wider than the terminal is moved under it.
/// </summary>
/// <param name="keys">The keys.</param>
/// <param name="complete">Completes the text before the cursor.</param>
/// <param name="history">Earlier lines, and those to come.</param>
internal sealed class LineEditor(KeyQueue keys, Func<string, Completion> complete, LineHistory history)
{
    private readonly StringBuilder _text = new();
    private string _prompt = "";
    private int _cursor, _place;
    private string _unfinished = "";

    /// <summary>Reads a line.</summary>
    /// <param name="prompt">What stands before it.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The line; <see langword="null"/> for Ctrl+D on an empty line.</returns>
    public async Task<string?> ReadAsync(string prompt, CancellationToken cancellationToken)
    {
        (_prompt, _cursor, _place, _unfinished) = (prompt, 0, history.Count, "");
        _text.Clear();
        Draw();
        while (await keys.NextAsync(cancellationToken) is { } key)
        {
            if (key.Key == ConsoleKey.Enter || key.KeyChar is '\r' or '\n')
                return Finish();
            if (key.KeyChar == 4 && _text.Length == 0)
                break;
            Apply(key);
            Draw();
        }
        Console.Out.WriteLine();
        return null;
    }

    private string Finish()
    {
        _cursor = _text.Length;
        Draw();
        Console.Out.WriteLine();
        string line = _text.ToString();
        history.Add(line);
        return line;
    }

    private void Apply(ConsoleKeyInfo key)
    {
        switch (key)
        {
            case { Key: ConsoleKey.LeftArrow }:
                _cursor = Before(_cursor);
                break;
            case { Key: ConsoleKey.RightArrow }:
                _cursor = After(_cursor);
                break;
            case { Key: ConsoleKey.Home } or { KeyChar: '\u0001' }:
                _cursor = 0;
                break;
            case { Key: ConsoleKey.End } or { KeyChar: '\u0005' }:
                _cursor = _text.Length;
                break;
            case { Key: ConsoleKey.UpArrow }:
                Recall(_place - 1);
                break;
            case { Key: ConsoleKey.DownArrow }:
                Recall(_place + 1);
                break;
            case { Key: ConsoleKey.Backspace } or { KeyChar: '\b' or '\u007f' }:
                Remove(Before(_cursor), _cursor);
                break;
            case { Key: ConsoleKey.Delete } or { KeyChar: '\u0004' }:
                Remove(_cursor, After(_cursor));
                break;
            case { KeyChar: '\u0015' }:
                Remove(0, _cursor);
                break;
            case { KeyChar: '\u000b' }:
                Remove(_cursor, _text.Length);
                break;
            case { KeyChar: '\u0017' }:
                Remove(_text.ToString(0, _cursor).TrimEnd().LastIndexOf(' ') + 1, _cursor);
                break;
            case { KeyChar: '\u0003' }:
                Console.Out.WriteLine("^C  (Ctrl+D ends)");
                Replace("");
                break;
            case { KeyChar: '\u000c' }:
                Console.Out.Write("\e[H\e[2J");
                break;
            case { Key: ConsoleKey.Tab }:
                Complete();
                break;
            case { KeyChar: var typed } when !char.IsControl(typed):
                _text.Insert(_cursor++, typed);
                break;
        }
    }

    private void Complete()
    {
        Completion found = complete(_text.ToString(0, _cursor));
        Remove(found.Start, _cursor);
        _text.Insert(_cursor, found.Text);
        _cursor += found.Text.Length;
        if (found.Choices.Count < 2)
            return;
        Console.Out.WriteLine();
        Console.Out.WriteLine(string.Join("  ", found.Choices.Select(Terminal.Clean)));
    }

    private void Recall(int place)
    {
        if (place < 0 || place > history.Count)
            return;
        if (_place == history.Count)
            _unfinished = _text.ToString();
        _place = place;
        Replace(place == history.Count ? _unfinished : history[place]);
    }

    private void Replace(string text)
    {
        _text.Clear().Append(text);
        _cursor = text.Length;
    }

    private void Remove(int from, int to)
    {
        _text.Remove(from, to - from);
        _cursor = from;
    }

    /// <summary>The place of the letter before, where a letter may be several characters.</summary>
    private int Before(int place) =>
        StringInfo.ParseCombiningCharacters(_text.ToString(0, place)) is [.., var last] ? last : 0;

    private int After(int place) => place + StringInfo.GetNextTextElementLength(_text.ToString(place, _text.Length - place));

    private void Draw()
    {
        int columns = Math.Max(Terminal.OutputWidth - Terminal.Cells(_prompt) - 1, 1);
        string before = Terminal.Clean(_text.ToString(0, _cursor)), after = Terminal.Clean(_text.ToString(_cursor, _text.Length - _cursor));
        int cells = Terminal.Cells(before);
        if (cells > columns)
            (before, cells) = (Terminal.Fit(before, columns, keepEnd: true), columns);
        string rest = Terminal.Cells(after) > columns - cells ? Terminal.Fit(after, Math.Max(columns - cells, 1)) : after;
        if (cells == columns)
            rest = "";
        string back = Terminal.Cells(rest) is > 0 and int moved ? string.Create(CultureInfo.InvariantCulture, $"\e[{moved}D") : "";
        Console.Out.Write($"\r\e[K{Terminal.Bold(_prompt)}{before}{rest}{back}");
    }
}
