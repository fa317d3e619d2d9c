namespace Blip.Runtime;

/// <summary>What keeping a file asks of the file system: a test can cut the power or fill the disk here.</summary>
internal interface IDisk
{
    /// <summary>Makes a new file. As long as it is open, no <see cref="Sweep"/> removes it, of this process or of another.</summary>
    Stream Create(string path);

    /// <summary>Returns when the file's bytes are on the disk.</summary>
    void Flush(Stream file);

    /// <summary>Gives an open file the name of another, which is gone from then on.</summary>
    void Rename(string path, string target);

    /// <summary>Returns when the names in a folder are on the disk.</summary>
    void FlushNames(string folder);

    /// <summary>Removes a file that <see cref="Create"/> made, if its maker has closed it.</summary>
    void Sweep(string path);
}
