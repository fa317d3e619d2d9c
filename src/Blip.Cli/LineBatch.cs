namespace Blip.Cli;

/// <summary>Does something for each line of a file; a line that cannot be used becomes a line with <c>error</c>, and the rest goes on.</summary>
internal static class LineBatch
{
    /// <summary>The exit code: whether any line failed.</summary>
    public static int Run(string path, JsonLines output, Action<string> use)
    {
        using StreamReader lines = InputLines.Open(path);
        int code = 0;
        while (lines.ReadLine() is { } line)
        {
            try
            {
                use(line);
            }
            catch (BlipException exception)
            {
                output.Write(writer => AnswerJson.WriteError(writer, exception.Code, exception.Message));
                code = CommandLine.Failure;
            }
        }
        return code;
    }
}
