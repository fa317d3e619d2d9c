using Blip.Files;

namespace Blip.Cli.Interactive;

/// <summary>
/// The lines that were typed, in this session and in earlier ones. Those are kept in a file of the user's alone. A file that cannot be read
/// or written is no error: the session continues without it.
/// </summary>
internal sealed class LineHistory
{
    /// <summary>The variable that names another file; empty: no file.</summary>
    public const string Variable = "BLIP_HISTORY";

    /// <summary>How many lines a session knows from earlier ones. The file is cut to them when it has twice as many.</summary>
    public const int MaxLines = 1000;

    /// <summary>A longer line, such as a data URI, is not kept.</summary>
    private const int MaxLength = 1000;

    /// <summary>A larger file is none of ours.</summary>
    private const int MaxBytes = 16 << 20;

    private readonly List<string> _lines = [];
    private readonly string? _path;

    private LineHistory(string? path) => _path = path;

    public int Count => _lines.Count;

    public string this[int place] => _lines[place];

    /// <summary>Reads what earlier sessions have kept.</summary>
    public static LineHistory Open()
    {
        string path = HomePath.Expand(Environment.GetEnvironmentVariable(Variable) ?? DefaultPath());
        LineHistory history = new(path.Length == 0 ? null : Path.GetFullPath(path));
        return history._path is null || Try(history.Read) ? history : new LineHistory(null);
    }

    /// <summary>Adds a line, unless it is empty or the one before. One that begins with a space is not kept, as in shells.</summary>
    public void Add(string line)
    {
        if (string.IsNullOrWhiteSpace(line) || (_lines.Count > 0 && _lines[^1] == line))
            return;
        _lines.Add(line);
        if (_path is not null && line.Length <= MaxLength && line[0] != ' ')
            Try(() => Append(line));
    }

    private void Read()
    {
        if (!File.Exists(_path))
            return;
        if (new FileInfo(_path).Length > MaxBytes)
            throw new IOException();
        string[] lines = File.ReadAllLines(_path);
        _lines.AddRange(lines.TakeLast(MaxLines));
        if (lines.Length < 2 * MaxLines)
            return;
        string partial = PartialOutput.Beside(_path);
        using (StreamWriter file = new(partial, Options(FileMode.CreateNew)))
        {
            foreach (string line in _lines)
                file.Write(line + "\n");
        }
        File.Move(partial, _path, overwrite: true);
    }

    /// <summary>Writes one line at the end, where another session may have written too.</summary>
    private void Append(string line)
    {
        string folder = Path.GetDirectoryName(_path)!;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using StreamWriter file = new(_path!, Options(FileMode.Append));
        file.Write(line + "\n");
    }

    private static FileStreamOptions Options(FileMode mode)
    {
        FileStreamOptions options = new() { Mode = mode, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return options;
    }

    private static bool Try(Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string DefaultPath()
    {
        if (Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state)
            return Path.Combine(state, "blip", "history");
        if (OperatingSystem.IsWindows())
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "blip", "history");
        return HomePath.Home.Length == 0 ? "" : Path.Combine(HomePath.Home, ".local", "state", "blip", "history");
    }
}
