using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Blip.Cli.DataSets;

/// <summary>
/// The answers of a run that has not ended, in the order of the questions: <c>OUT.part</c>, a line with what the run is and a JSON line an
/// answer. It is only ever added to, so that a run whose process was killed loses no more than a line that was being written. At the end
/// OUT is made from it in one step, in whatever format.
/// </summary>
internal sealed class RunJournal : IDisposable
{
    private static readonly byte[] NewLine = "\n"u8.ToArray();

    private const string Beginning = "{\"run\":\"";

    private readonly FileStream _file;
    private bool _isOver;

    private RunJournal(FileStream file, int done) => (_file, Done) = (file, done);

    /// <summary>The answers it has.</summary>
    public int Done { get; private set; }

    public static string PathOf(string output) => output + ".part";

    /// <summary>Opens the journal of a run, or begins it.</summary>
    /// <param name="output">The run's OUT.</param>
    /// <param name="run">What the run is, in a line: an answer of another one does not belong here.</param>
    /// <param name="anew">Whether to start again from the beginning.</param>
    /// <exception cref="BlipException">It is another run's or none, or another process writes it.</exception>
    public static RunJournal Open(string output, string run, bool anew)
    {
        string path = PathOf(output);
        InputLines.RequireOrdinary(path);
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (DirectoryNotFoundException exception)
        {
            throw new BlipException(BlipErrorCode.FileNotFound, $"The folder of {output} does not exist. Create it first.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BlipException(
                BlipErrorCode.InvalidRequest, $"{path} cannot be written: {exception.Message} Is another blip run writing it?", exception);
        }
        try
        {
            if (!IsJournal(file))
                throw new BlipException(BlipErrorCode.InvalidRequest, $"{path} is not of a run. Give another --out, or remove it.");
            (string? first, int answers, long end, int? damaged) = Measure(file);
            // A run without an answer, for example because its model was not found, does not block another one.
            if (anew || answers == 0)
            {
                file.SetLength(0);
                file.Write([.. Encoding.UTF8.GetBytes(run), .. NewLine]);
                return new RunJournal(file, 0);
            }
            if (first != run)
            {
                throw new BlipException(BlipErrorCode.InvalidRequest, $"{path} is a run that was started with another data set, folder of "
                    + "images, model or options. Give the same ones to continue it, another --out, or --force to start again.");
            }
            if (damaged is { } line)
            {
                Console.Error.WriteLine(FormattableString.Invariant(
                    $"{path} is damaged in line {line}: the {answers} answers before it are kept, the others are asked again"));
            }
            // What follows is damaged, or a line that was cut off.
            file.SetLength(end);
            file.Position = end;
            return new RunJournal(file, answers);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Describes a run by a digest of what its answers depend on.</summary>
    public static string Describe(DataSet data, string settings)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(settings);
        foreach (DataItem item in data.Items)
        {
            Add(item.Id?.Text ?? "");
            // The same name is another image in another folder. A name that is not a path gives an error when it is read.
            bool isPath = ImageReader.IsFile(item.File) && !item.File.Contains('\0', StringComparison.Ordinal);
            Add(isPath ? Path.GetFullPath(item.File) : item.File);
            Add(item.Question);
        }
        return $$"""{{Beginning}}{{Convert.ToHexStringLower(hash.GetHashAndReset())}}"}""";

        void Add(string text) => hash.AppendData([.. Encoding.UTF8.GetBytes(text), 0]);
    }

    public void Add(RunAnswer answer)
    {
        using MemoryStream line = new();
        using (Utf8JsonWriter writer = new(line, JsonLines.Readable))
            answer.Write(writer);
        line.Write(NewLine);
        // One write of the whole line, which the system keeps whatever becomes of this process.
        _file.Write(line.GetBuffer(), 0, (int)line.Length);
        _file.Flush();
        Done++;
    }

    /// <summary>Reads the answers from the beginning.</summary>
    public IEnumerable<RunAnswer> Read() => Lines(_file).Skip(1).Select(line => RunAnswer.Parse(line.Line));

    /// <summary>Marks the journal as needed no more: it goes when it is disposed.</summary>
    public void Delete() => _isOver = true;

    public void Dispose()
    {
        _file.Dispose();
        if (_isOver || Done == 0)
            File.Delete(_file.Name);
    }

    /// <summary>Whether a file is a journal, or has nothing in it. What belongs to somebody else must stay.</summary>
    private static bool IsJournal(FileStream file)
    {
        byte[] beginning = new byte[Beginning.Length];
        file.Position = 0;
        int read = file.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false);
        return Encoding.UTF8.GetBytes(Beginning).AsSpan().StartsWith(beginning.AsSpan(0, read));
    }

    /// <summary>The first line, the number of answers behind it, where the last of them ends, and the line that is none.</summary>
    private static (string? First, int Answers, long End, int? Damaged) Measure(FileStream file)
    {
        string? first = null;
        int answers = 0;
        long end = 0;
        foreach ((byte[] line, long lineEnd) in Lines(file))
        {
            if (first is null)
                first = Encoding.UTF8.GetString(line);
            else if (IsAnswer(line))
                answers++;
            else
                return (first, answers, end, answers + 2);
            end = lineEnd;
        }
        return (first, answers, end, null);
    }

    private static bool IsAnswer(byte[] line)
    {
        try
        {
            RunAnswer.Parse(line);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>The whole lines from the beginning, without their ends, and where each ends. What follows was cut off.</summary>
    private static IEnumerable<(byte[] Line, long End)> Lines(FileStream file)
    {
        file.Position = 0;
        byte[] buffer = new byte[1 << 16];
        using MemoryStream line = new();
        long position = 0;
        for (int read; (read = file.Read(buffer)) > 0; position += read)
        {
            int start = 0;
            for (int end; (end = Array.IndexOf(buffer, NewLine[0], start, read - start)) >= 0; start = end + 1)
            {
                line.Write(buffer, start, end - start);
                yield return (line.ToArray(), position + end + 1);
                line.SetLength(0);
            }
            line.Write(buffer, start, read - start);
        }
    }
}
