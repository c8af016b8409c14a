using Slice.Host.Configuration;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Configuration;

/// <summary>Configuration files of one test, and errors with the directory taken out of them.</summary>
internal sealed class ConfigurationFiles : IDisposable
{
    private readonly TestDirectory _directory = new("configuration");

    /// <summary>The path of a file of this name with this text; an existing one is replaced.</summary>
    public string Write(string name, string text)
    {
        File.WriteAllText(Combine(name), text);
        return Combine(name);
    }

    /// <summary>The path of this name, whether a file is there or not.</summary>
    public string Combine(string name) => _directory.Combine(name);

    /// <summary>Reads the texts as files <c>1.yaml</c>, <c>2.yaml</c>, … laid one over the other.</summary>
    public ConfigurationResult Read(params string[] texts) =>
        ConfigurationReader.Read([.. texts.Select((text, i) => Write($"{i + 1}.yaml", text))]);

    /// <summary>The lines of <see cref="Read"/>'s errors, with file names instead of paths.</summary>
    public string[] Errors(params string[] texts) => Lines(Read(texts).Errors);

    /// <summary>The lines of these errors, with file names instead of paths.</summary>
    public string[] Lines(IEnumerable<ConfigurationError> errors) =>
        [.. errors.Select(error => error.ToString().Replace(_directory.Path + "/", "", StringComparison.Ordinal))];

    public void Dispose() => _directory.Dispose();
}
