using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Blip.Cli.Terminals;

/// <summary>What the terminal is, and text as it may be shown there.</summary>
internal static partial class Terminal
{
    private const int StandardOutput = 1, StandardError = 2, DefaultWidth = 80;
    private const nuint AskForSize = 0x5413;

    private static readonly Lazy<bool> Ansi = new(() => AnsiConsole.Profile.Capabilities.Ansi);
    private static readonly Lazy<bool> ErrorAnsi = new(() => AnsiConsole
        .Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }).Profile.Capabilities.Ansi);

    /// <summary>Whether a person reads standard output.</summary>
    public static bool IsOutput => !Console.IsOutputRedirected;

    /// <summary>Whether a line on standard error can be written again, as progress is.</summary>
    public static bool CanRedrawError => !Console.IsErrorRedirected && ErrorAnsi.Value;

    /// <summary>Whether a line on standard output can be written again.</summary>
    public static bool CanRedrawOutput => IsOutput && Ansi.Value;

    /// <summary>Columns of standard output; no bound where it is not a terminal.</summary>
    public static int OutputWidth => IsOutput ? Width(StandardOutput) : int.MaxValue;

    /// <summary>Columns of standard error.</summary>
    public static int ErrorWidth => Width(StandardError);

    private static bool IsStyled => CanRedrawOutput && AnsiConsole.Profile.Capabilities.ColorSystem != ColorSystem.NoColors;

    public static string Bold(string text) => IsStyled ? $"\e[1m{text}\e[0m" : text;

    public static string Dim(string text) => IsStyled ? $"\e[2m{text}\e[0m" : text;

    /// <summary>
    /// The text with its control characters written out, also those that turn the direction of writing: a file's name must not move the
    /// cursor, nor break a line of a table.
    /// </summary>
    public static string Clean(string text)
    {
        if (!text.Any(IsControl))
            return text;
        StringBuilder clean = new();
        foreach (char c in text)
        {
            clean.Append(c switch
            {
                '\n' => @"\n",
                '\r' => @"\r",
                '\t' => @"\t",
                _ when !IsControl(c) => c.ToString(),
                <= '\xff' => string.Create(CultureInfo.InvariantCulture, $@"\x{(int)c:x2}"),
                _ => string.Create(CultureInfo.InvariantCulture, $@"\u{(int)c:x4}"),
            });
        }
        return clean.ToString();
    }

    /// <summary>How many columns the text takes.</summary>
    public static int Cells(string text) => new Segment(text).CellCount();

    /// <summary>The text in exactly so many columns: filled with spaces, or cut with a mark where it is cut.</summary>
    /// <param name="text">Text without control characters.</param>
    /// <param name="columns">At least 1.</param>
    /// <param name="keepEnd">Whether the end stays, as the end of a path says most.</param>
    public static string Fit(string text, int columns, bool keepEnd = false)
    {
        int cells = Cells(text);
        if (cells <= columns)
            return text + new string(' ', columns - cells);
        List<string> elements = [];
        for (TextElementEnumerator parts = StringInfo.GetTextElementEnumerator(text); parts.MoveNext();)
            elements.Add(parts.GetTextElement());
        for (; cells >= columns && elements.Count > 0; elements.RemoveAt(keepEnd ? 0 : elements.Count - 1))
            cells -= Cells(keepEnd ? elements[0] : elements[^1]);
        string kept = string.Concat(elements);
        return (keepEnd ? "…" + kept : kept + "…") + new string(' ', columns - 1 - cells);
    }

    private static bool IsControl(char c) => char.IsControl(c)
        || c is '\u061c' or '\u200e' or '\u200f' or (>= '\u2028' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    /// <summary>.NET knows the width of standard output alone, and not of standard error where the output is a file.</summary>
    private static int Width(int file)
    {
        if (OperatingSystem.IsLinux())
            return GetSize(file, AskForSize, out Size size) == 0 && size.Columns > 0 ? size.Columns : DefaultWidth;
        return Console.WindowWidth is > 0 and int width ? width : DefaultWidth;
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetSize(int file, nuint request, out Size size);

    [StructLayout(LayoutKind.Sequential)]
    private struct Size
    {
        public ushort Rows, Columns, PixelsAcross, PixelsDown;
    }
}
