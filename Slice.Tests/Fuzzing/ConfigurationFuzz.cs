using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>
/// Configuration files: valid, or errors with their places on one line each; and never an exception, which would end a running proxy told
/// to reload.
/// </summary>
public sealed class ConfigurationFuzz : IDisposable
{
    private static readonly FuzzGrammar s_grammar = new()
    {
        Seeds =
        [
            "upstream_address: \"origin.example.com:80\"\n",
            "# comment\nupstream_address: http://o:8080 # more\nslice_size: 1MiB\n"
                + "slice_patterns:\n  - \"^/downloads/.*\"\n  - '\\.iso$'\nenable_cache: true\ncache_ttl: 1h\n",
            "upstream_address: o\nmetrics_endpoint: {enabled: true, address: \"127.0.0.1:9090\"}\n"
                + "purge:\n  enabled: true\n  auth_token: \"s3cret\"\n",
            "upstream_address: &a o\nhealth_path: /h\u00c3\u00a9\n"
                + "timeouts:\n  connect: 10s\n  send: 500ms\nlimits:\n  request_head: 32KiB\n  max_connections: 10\n",
            "---\nupstream_address: >-\n  o:80\nslice_patterns: [\"a\", 'b', c]\nlog_level: debug\n...\n",
            "upstream_address: o:1\nslice_patterns: [\n",
            "upstream_address: o:1\nshared_cache:\n  type: redis\n  address: [a:1, \"[::1]:2\"]\n  password: words\n"
                + "  mac_key: \"0123456789abcdef\"\n",
            "upstream_address: o:1\nl2_cache_dir: \"\\u0007\\ud800\\x00\"\n",
        ],
        Words =
        [
            .. OptionTable.Keys.Select(key => key.LocalName + ": "), .. OptionTable.Sections.Select(section => section + ":\n  "),
            "\n", "\r\n", "\t", "  ", ": ", "- ", "? ", "[", "]", "{", "}", "\"", "'", "|\n", ">\n", "&a ", "*a", "!!int ", "!!binary ",
            "<<: *a", "%YAML 1.2\n", "---\n", "...\n", "# ", "~", "null", "true", "no", "1MiB", "10s", "-1", "1e9", "0x10", ".inf", ".nan",
            "2001-12-14", "\\u0000", "\\x07", "\u00ef\u00bb\u00bf", "\u00c2\u0085", "\u00e2\u0080\u00a8", "\u00ff",
            "\u00f0\u009f\u0098\u0080", "a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {}}}}}}}}}}}}}}}}}}",
        ],
        Separator = "\n",
        LongestInput = 1000,
    };

    private readonly TestDirectory _directory = new("configuration-fuzz");

    [Fact]
    [Trait("Behaviour", "B48")]
    public Task Any_file_is_a_configuration_or_a_list_of_errors() => FuzzRun.RunAsync(s_grammar, 250, Check);

    public void Dispose() => _directory.Dispose();

    private void Check(byte[] input)
    {
        string file = Write("input.yaml", input);
        ConfigurationResult result = ConfigurationReader.Read([file]);
        Assert.Equal(result.Options is null, result.Errors.Count > 0);
        int lines = input.AsSpan().Count((byte)'\n') + input.AsSpan().Count((byte)'\r') + Wire.Text(input).Split("\u00c2\u0085").Length
            + Wire.Text(input).Split("\u00e2\u0080").Length;
        foreach (ConfigurationError error in result.Errors)
        {
            Assert.Equal(file, error.Source);
            Assert.InRange(error.Line, 0, lines + 1);
            Assert.InRange(error.Column, 0, input.Length + 1);
            Assert.DoesNotContain(error.ToString(), char.IsControl);
            Assert.InRange(error.ToString().Length, 1, 2000);
        }

        if (result.Options is { } options)
        {
            CheckValid(file, options);
        }
    }

    private void CheckValid(string file, SliceOptions options)
    {
        Assert.Empty(SliceOptionsValidator.Validate(options));

        // A secret is not written, and its placeholder is no secret.
        string written = EffectiveConfiguration.Write(
            OptionTable.Keys.Where(key => key.IsSecret).Aggregate(options, (current, key) => key.With(current, null)));
        ConfigurationResult again = ConfigurationReader.Read([Write("written.yaml", System.Text.Encoding.UTF8.GetBytes(written))]);
        Assert.Empty(again.Errors);
        Assert.Equal(written, EffectiveConfiguration.Write(again.Options!));

        // A file laid over itself changes nothing.
        ConfigurationResult twice = ConfigurationReader.Read([file, file]);
        Assert.Equal(EffectiveConfiguration.Write(options), EffectiveConfiguration.Write(twice.Options!));
    }

    private string Write(string name, byte[] content)
    {
        string file = _directory.Combine(name);
        File.WriteAllBytes(file, content);
        return file;
    }
}
