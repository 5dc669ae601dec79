//! `windlass config`: the Compose application that a release means. What Compose files mean is tested elsewhere.

use super::support::Stage;

#[test]
fn config_shows_the_application_and_where_values_come_from() {
    let stage = Stage::new();
    stage.configured();
    stage.release(
        "shop",
        "application = \"shop\"\n[artifacts.web]\nimage = \"registry.example/web\"\ntag = \"1\"\n\
         [variables]\nLEVEL = \"info\"\n[secrets]\nTOKEN = \"shop-token\"\n\
         [strategy]\nplugin = \"strategy-compose\"\n\
         [environments.uat]\n[environments.production.variables]\nLEVEL = \"warn\"\n",
    );
    let compose = stage.host.application("shop").join("compose.yaml");
    let text = "services:\n  web:\n    image: registry.example/web\n    \
                environment: { LOG: '${LEVEL}', TOKEN: '${TOKEN}', PORT: '${PORT:-80}' }\n";
    std::fs::write(&compose, text).unwrap();
    insta::assert_snapshot!(stage.tell("config shop"), @r#"
    exit 0
    --- stdout
    name: shop
    services:
      web:
        image: registry.example/web
        command: null
        entrypoint: null
        environment:
          LOG: info
          PORT: "80"
          TOKEN: "[secret shop-token]"
        networks:
          default: null
    networks:
      default:
        name: shop_default
        ipam: {}
    "#);
    insta::assert_snapshot!(stage.tell("config shop --environment production --explain web.environment"), @r"
    exit 0
    --- stdout
    services.web.environment
      written at compose.yaml:4:18
      services.web.environment.LOG = warn
        written at compose.yaml:4:25
        as `${LEVEL}`, where `LEVEL` is a variable of the release
      services.web.environment.TOKEN = [secret shop-token]
        written at compose.yaml:4:44
        as `${TOKEN}`, where `TOKEN` is a variable of the release
      services.web.environment.PORT = 80
        written at compose.yaml:4:62
        as `${PORT:-80}`, where `PORT` takes what stands after its operator
    ");
    insta::assert_snapshot!(stage.tell("config shop --explain web.prots"), @r"
    exit 17
    --- stderr
    error: no file says anything about `web.prots`
    hint: a path is a service and a key, `web.ports`; the services are web
    ");
    std::fs::write(&compose, text.replace("environment", "enviroment")).unwrap();
    insta::assert_snapshot!(stage.tell("config shop"), @r"
    exit 3
    --- stderr
    error: `services.web.enviroment`: Compose knows no key `enviroment` here
     --> compose.yaml:4:5
      |
    4 |     enviroment: { LOG: '${LEVEL}', TOKEN: '${TOKEN}', PORT: '${PORT:-80}' }
      |     ^
    hint: did you mean `environment`?
    ");
}
