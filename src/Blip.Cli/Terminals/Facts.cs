namespace Blip.Cli.Terminals;

/// <summary>Lines of a name and a value, below one another. A value that is wider than the terminal goes on below itself.</summary>
internal static class Facts
{
    private const int NameColumns = 14;

    public static void Write(string name, string value)
    {
        value = Terminal.Clean(value);
        int width = Terminal.OutputWidth;
        int room = width - NameColumns;
        string start = Terminal.Dim(name.PadRight(NameColumns));
        // A word that is wider than the room, as a path is, is left to the terminal.
        while (room > NameColumns && value.Length > room && value.LastIndexOf(' ', room) is > 0 and int space)
        {
            Console.Out.WriteLine(start + value[..space]);
            (start, value) = (new string(' ', NameColumns), value[(space + 1)..]);
        }
        Console.Out.WriteLine(start + value);
    }
}
