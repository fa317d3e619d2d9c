using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Blip.Search;

/// <summary>
/// The index in its file: one table, a row for each file, as a collection of vectors with a key has it. A transaction is there whole or
/// not at all, also after a kill. Not thread-safe; other processes may use the file at the same time.
/// </summary>
internal sealed class IndexStore : IDisposable
{
    /// <summary>Changes with the table.</summary>
    private const string Version = "1";

    private readonly SqliteConnection _connection;
    private readonly string _made;

    /// <param name="file">The file; made where there is none.</param>
    /// <param name="model">What tells the model from any other. An index of another model is emptied.</param>
    /// <exception cref="BlipException">The file is not an index, or cannot be opened.</exception>
    public IndexStore(string file, string model)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        _connection = Connect(file, SqliteOpenMode.ReadWriteCreate);
        _made = Made(model);
        try
        {
            _connection.Open();
            Run("PRAGMA busy_timeout = 10000;");
            // A database of another program must stay as it is.
            if ((long)Scalar("SELECT count(*) FROM sqlite_master;")! > 0
                && (long)Scalar("SELECT count(*) FROM sqlite_master WHERE name = 'blip_index';")! == 0)
            {
                _connection.Dispose();
                throw NoIndex(null);
            }
            Run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
            Run("""
                CREATE TABLE IF NOT EXISTS blip_index (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS images (
                    path TEXT PRIMARY KEY, bytes INTEGER NOT NULL, changed INTEGER NOT NULL, hash BLOB NOT NULL, vector BLOB);
                CREATE INDEX IF NOT EXISTS images_by_hash ON images (hash);
                """);
            // An index that was emptied for a model belongs to that model, also after a kill.
            using SqliteTransaction transaction = _connection.BeginTransaction();
            if (ModelOf(_connection) is { } other && other != _made)
                Run("DELETE FROM images;");
            Run("INSERT INTO blip_index VALUES ('model', $value) ON CONFLICT (name) DO UPDATE SET value = $value;", ("$value", _made));
            transaction.Commit();
        }
        catch (SqliteException exception)
        {
            _connection.Dispose();
            throw NoIndex(exception);
        }
    }

    /// <summary>Whether a file is an index of a model.</summary>
    /// <exception cref="BlipException">The file is not an index, or cannot be read.</exception>
    public static bool IsOf(string file, string model)
    {
        try
        {
            using SqliteConnection connection = Connect(file, SqliteOpenMode.ReadWrite);
            connection.Open();
            return ModelOf(connection) == Made(model);
        }
        catch (SqliteException exception)
        {
            throw NoIndex(exception);
        }
    }

    /// <summary>The full path of the folder whose images these are; <see langword="null"/> where there are none yet.</summary>
    public string? Folder => (string?)Scalar("SELECT value FROM blip_index WHERE name = 'folder' AND EXISTS (SELECT 1 FROM images);");

    public void SetFolder(string folder) =>
        Run("INSERT INTO blip_index VALUES ('folder', $value) ON CONFLICT (name) DO UPDATE SET value = $value;", ("$value", folder));

    /// <summary>Changes when another connection has changed the file.</summary>
    public long DataVersion => (long)Scalar("PRAGMA data_version;")!;

    /// <summary>All files by path. An empty embedding stands for one that is there.</summary>
    public Dictionary<string, IndexedFile> Files()
    {
        Dictionary<string, IndexedFile> files = new(StringComparer.Ordinal);
        using SqliteCommand command = Command("SELECT path, bytes, changed, hash, vector IS NULL FROM images;");
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            IndexedFile file = new(
                reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetFieldValue<byte[]>(3),
                reader.GetBoolean(4) ? null : []);
            files.Add(file.Path, file);
        }
        return files;
    }

    /// <summary>All files with an embedding, in the order of their paths.</summary>
    public IEnumerable<IndexedFile> Vectors()
    {
        using SqliteCommand command = Command(
            "SELECT path, bytes, changed, hash, vector FROM images WHERE vector IS NOT NULL ORDER BY path;");
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return new IndexedFile(
                reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetFieldValue<byte[]>(3),
                MemoryMarshal.Cast<byte, float>(reader.GetFieldValue<byte[]>(4)).ToArray());
        }
    }

    /// <summary>The embedding of a content, where a file with it is known.</summary>
    /// <param name="hash">The content's hash.</param>
    /// <param name="vector">The embedding; <see langword="null"/> where the content is not an image that can be read.</param>
    public bool TryFind(byte[] hash, out float[]? vector)
    {
        using SqliteCommand command = Command("SELECT vector FROM images WHERE hash = $hash LIMIT 1;", ("$hash", hash));
        using SqliteDataReader reader = command.ExecuteReader();
        bool found = reader.Read();
        vector = found && !reader.IsDBNull(0) ? MemoryMarshal.Cast<byte, float>(reader.GetFieldValue<byte[]>(0)).ToArray() : null;
        return found;
    }

    /// <summary>The paths of the files with a content.</summary>
    public List<string> PathsOf(byte[] hash)
    {
        List<string> paths = [];
        using SqliteCommand command = Command("SELECT path FROM images WHERE hash = $hash ORDER BY path;", ("$hash", hash));
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
            paths.Add(reader.GetString(0));
        return paths;
    }

    /// <summary>Notes files, in one transaction.</summary>
    public void Put(IReadOnlyCollection<IndexedFile> files)
    {
        using SqliteTransaction transaction = _connection.BeginTransaction();
        // Embeddings of two models side by side would be compared.
        if (ModelOf(_connection) != _made)
        {
            throw new BlipException(
                BlipErrorCode.InvalidRequest, "Another model has taken the index meanwhile. Give each model a file of its own.");
        }
        foreach (IndexedFile file in files)
        {
            Run("""
                INSERT INTO images VALUES ($path, $bytes, $changed, $hash, $vector)
                ON CONFLICT (path) DO UPDATE SET bytes = $bytes, changed = $changed, hash = $hash, vector = $vector;
                """, ("$path", file.Path), ("$bytes", file.Bytes), ("$changed", file.Changed), ("$hash", file.Hash),
                ("$vector", file.Vector is { } vector ? MemoryMarshal.AsBytes(vector.AsSpan()).ToArray() : DBNull.Value));
        }
        transaction.Commit();
    }

    /// <summary>Forgets files, in one transaction.</summary>
    public void Remove(IReadOnlyCollection<string> paths)
    {
        using SqliteTransaction transaction = _connection.BeginTransaction();
        foreach (string path in paths)
            Run("DELETE FROM images WHERE path = $path;", ("$path", path));
        transaction.Commit();
    }

    public void Dispose() => _connection.Dispose();

    // A pool would keep the file open behind the index.
    private static SqliteConnection Connect(string file, SqliteOpenMode mode) =>
        new(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false }.ToString());

    private static string Made(string model) => $"{Version} {model}";

    private static string? ModelOf(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT value FROM blip_index WHERE name = 'model';";
        return (string?)command.ExecuteScalar();
    }

    private static BlipException NoIndex(SqliteException? exception) => new(
        BlipErrorCode.InvalidRequest, "The file is not an index of Blip, or cannot be written. Name another file.",
        exception);

    private void Run(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using SqliteCommand command = Command(sql, parameters);
        command.ExecuteNonQuery();
    }

    private object? Scalar(string sql)
    {
        using SqliteCommand command = Command(sql);
        return command.ExecuteScalar();
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        SqliteCommand command = _connection.CreateCommand();
#pragma warning disable CA2100 // All texts are constants of this class.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach ((string name, object value) in parameters)
            command.Parameters.AddWithValue(name, value);
        return command;
    }
}
